-- Where each consumer is in the log. The row is the truth: what the log itself remembers of a group is a hint.
CREATE TABLE plumbline.positions (
  consumer       text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  incarnation    text        NOT NULL,
  next_offset    bigint      NOT NULL CHECK (next_offset >= 0),
  counted_offset bigint      NOT NULL CHECK (counted_offset >= 0),
  epoch          bigint      NOT NULL,
  stopped        text,
  received_at    timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);  -- updated by every batch: room for HOT updates on the page

CREATE TABLE plumbline.log_losses (
  consumer    text        NOT NULL,
  topic       text        NOT NULL,
  partition   integer     NOT NULL,
  incarnation text        NOT NULL,
  from_offset bigint      NOT NULL,
  reason      text        NOT NULL,
  detail      text        NOT NULL,
  noticed_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, topic, partition, incarnation, from_offset)
);

GRANT SELECT, INSERT, UPDATE ON plumbline.positions TO plumbline_writer;
GRANT SELECT, INSERT ON plumbline.log_losses TO plumbline_writer;
GRANT SELECT, UPDATE ON plumbline.positions TO plumbline_control;
GRANT SELECT ON plumbline.log_losses TO plumbline_control, plumbline_reader, plumbline_analyst;

COMMENT ON TABLE plumbline.positions IS 'Position of each consumer in each partition of the log, written with the rows it stands for.';
COMMENT ON COLUMN plumbline.positions.consumer IS 'Consumer: persist, health, drift, notify.';
COMMENT ON COLUMN plumbline.positions.topic IS 'Topic of the log.';
COMMENT ON COLUMN plumbline.positions.partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.positions.incarnation IS 'The topic''s life that the offsets belong to.';
COMMENT ON COLUMN plumbline.positions.next_offset IS 'Next offset to read. Set it back to read again: rows and counts stay the same.';
COMMENT ON COLUMN plumbline.positions.counted_offset IS 'Offsets below it are counted in the ledger; never set it back.';
COMMENT ON COLUMN plumbline.positions.epoch IS 'Rises when a process takes the partition; who holds an older one can commit nothing.';
COMMENT ON COLUMN plumbline.positions.stopped IS 'Why the partition is not read any more (position_lost); null while it is.';
COMMENT ON COLUMN plumbline.positions.received_at IS 'Receipt time of the newest record that was committed.';
COMMENT ON COLUMN plumbline.positions.updated_at IS 'When the row changed last.';
COMMENT ON TABLE plumbline.log_losses IS 'Records that the log no longer had when a consumer came for them.';
COMMENT ON COLUMN plumbline.log_losses.consumer IS 'Consumer that noticed.';
COMMENT ON COLUMN plumbline.log_losses.topic IS 'Topic of the log.';
COMMENT ON COLUMN plumbline.log_losses.partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.log_losses.incarnation IS 'Life of the topic that the stored position belonged to.';
COMMENT ON COLUMN plumbline.log_losses.from_offset IS 'First offset that was not read.';
COMMENT ON COLUMN plumbline.log_losses.reason IS 'below_retention, past_end or other_incarnation.';
COMMENT ON COLUMN plumbline.log_losses.detail IS 'What was stored and what the log holds.';
COMMENT ON COLUMN plumbline.log_losses.noticed_at IS 'When it was noticed.';

-- An operator's word that a loss is accepted: reading goes on at the oldest record (or the given offset) of the log as it is now.
CREATE FUNCTION plumbline.resume_position(of_consumer text, of_topic text, of_partition integer, at_incarnation text,
                                          at_offset bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH resumed AS (
    UPDATE plumbline.positions SET
      counted_offset = CASE WHEN incarnation = at_incarnation THEN greatest(counted_offset, at_offset) ELSE at_offset END,
      incarnation = at_incarnation, next_offset = at_offset, epoch = epoch + 1, stopped = NULL, updated_at = now()
    WHERE consumer = of_consumer AND topic = of_topic AND partition = of_partition AND stopped IS NOT NULL
    RETURNING 1)
  SELECT EXISTS (SELECT FROM resumed)
$$;
REVOKE ALL ON FUNCTION plumbline.resume_position(text, text, integer, text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plumbline.resume_position(text, text, integer, text, bigint) TO plumbline_control;
COMMENT ON FUNCTION plumbline.resume_position(text, text, integer, text, bigint) IS
  'Lets a partition that was stopped after a loss go on at an offset of the log as it is now; false when it was not stopped.';
