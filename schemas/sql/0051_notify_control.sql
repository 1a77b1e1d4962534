-- The command line shows what became of a route's deliveries and which event each was about.
GRANT SELECT ON plumbline.notify_events TO plumbline_control;
