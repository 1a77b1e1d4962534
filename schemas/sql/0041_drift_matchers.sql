-- The rule that a tenant has at least one matcher is the command line's, which can say what to do instead.
ALTER TABLE plumbline.drift_matchers DROP CONSTRAINT drift_matchers_check;
