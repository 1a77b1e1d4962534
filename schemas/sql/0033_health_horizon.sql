-- A copy of an event has the event's own time, so the latest event time tells sooner than the latest receipt what is surely new:
-- by receipt, clocks that are 300 s ahead had to be allowed for.
ALTER TABLE plumbline.health_windows RENAME COLUMN received_max TO time_max;
ALTER TABLE plumbline.health_horizons RENAME COLUMN received_max TO time_max;
UPDATE plumbline.health_windows SET time_max = time_max + interval '300 s';
UPDATE plumbline.health_horizons SET time_max = time_max + interval '300 s';
COMMENT ON COLUMN plumbline.health_windows.time_max IS 'Latest event time of a line in it.';
COMMENT ON COLUMN plumbline.health_horizons.time_max IS
  'Latest event time of a counted line that is in the window no more: a later event can have no older copy outside of the window.';
