/**
 * The tables and functions of version 1, in a schema of their own.
 *
 * Every write is one call of one function, and so one transaction and one round trip. It first locks the row of its
 * study, by counting up the study's revision; what it reads after that is what every earlier write has left. So
 * revisions are consecutive and become visible in their order, which is what lets a reader ask for "all after
 * revision n". A function that raises has changed nothing.
 *
 * JSON is kept as `json`, never parsed here: `jsonb` would lose the order of names, and cannot hold every string.
 */
const tables = (schema: string): string => `
CREATE TABLE ${schema}.study (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  directions text[] NOT NULL,
  seed bigint NOT NULL,
  created_at float8 NOT NULL,
  revision bigint NOT NULL DEFAULT 0,
  trials integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE ${schema}.study_attribute (
  study_id bigint NOT NULL REFERENCES ${schema}.study ON DELETE CASCADE,
  key text NOT NULL,
  value json NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (study_id, key)
);

-- No index holds the revision, and pages have room: a report rewrites this row in place.
CREATE TABLE ${schema}.trial (
  study_id bigint NOT NULL REFERENCES ${schema}.study ON DELETE CASCADE,
  number integer NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'pruned', 'failed')),
  attempt integer NOT NULL DEFAULT 1,
  results float8[],
  fixed_params json NOT NULL DEFAULT '{}',
  proposal json NOT NULL DEFAULT '{}',
  parent integer,
  sampler text,
  error json,
  started_at float8,
  finished_at float8,
  asked bigint,
  proposed bigint,
  told bigint,
  revision bigint NOT NULL,
  PRIMARY KEY (study_id, number)
) WITH (fillfactor = 70);

CREATE INDEX trial_waiting ON ${schema}.trial (study_id, number) WHERE state = 'waiting';

CREATE TABLE ${schema}.trial_param (
  study_id bigint NOT NULL,
  number integer NOT NULL,
  name text NOT NULL,
  value json NOT NULL,
  distribution json,
  place bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (study_id, number, name),
  FOREIGN KEY (study_id, number) REFERENCES ${schema}.trial ON DELETE CASCADE
);

CREATE TABLE ${schema}.trial_report (
  study_id bigint NOT NULL,
  number integer NOT NULL,
  step bigint NOT NULL,
  value float8 NOT NULL,
  PRIMARY KEY (study_id, number, step),
  FOREIGN KEY (study_id, number) REFERENCES ${schema}.trial ON DELETE CASCADE
);

CREATE TABLE ${schema}.trial_constraint (
  study_id bigint NOT NULL,
  number integer NOT NULL,
  name text NOT NULL,
  value float8 NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (study_id, number, name),
  FOREIGN KEY (study_id, number) REFERENCES ${schema}.trial ON DELETE CASCADE
);

-- initial_value is what the trial was created with, and goes back to when it is requeued.
CREATE TABLE ${schema}.trial_attribute (
  study_id bigint NOT NULL,
  number integer NOT NULL,
  key text NOT NULL,
  value json NOT NULL,
  initial_value json,
  place bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (study_id, number, key),
  FOREIGN KEY (study_id, number) REFERENCES ${schema}.trial ON DELETE CASCADE
);

-- Parallel lists; JSON and numbers as text, which carries NaN, -0 and every digit.
CREATE TYPE ${schema}.trial_details AS (
  param_names text[], param_values text[], distributions text[],
  steps text[], reports text[],
  constraint_names text[], constraint_values text[],
  attribute_keys text[], attribute_values text[]
);
`;

const views = (schema: string): string => `
CREATE VIEW ${schema}.study_record AS
SELECT id, name, json_build_object(
  'name', name,
  'directions', directions,
  'seed', seed,
  'createdAt', created_at,
  'userAttributes', coalesce(
    (SELECT json_object_agg(key, value ORDER BY place) FROM ${schema}.study_attribute WHERE study_id = study.id), '{}'),
  'revision', revision
)::text AS record
FROM ${schema}.study AS study;

CREATE VIEW ${schema}.trial_record AS
SELECT study_id, number, revision, json_build_object(
  'number', number,
  'state', state,
  'attempt', attempt,
  'values', results,
  'params', coalesce(
    (SELECT json_object_agg(name, value ORDER BY place) FROM ${schema}.trial_param AS item
      WHERE item.study_id = trial.study_id AND item.number = trial.number), '{}'),
  'distributions', coalesce(
    (SELECT json_object_agg(name, distribution ORDER BY place) FROM ${schema}.trial_param AS item
      WHERE item.study_id = trial.study_id AND item.number = trial.number AND distribution IS NOT NULL), '{}'),
  'fixedParams', fixed_params,
  'proposal', proposal,
  'parent', parent,
  'intermediateValues', coalesce(
    (SELECT json_object_agg(step, value ORDER BY step) FROM ${schema}.trial_report AS item
      WHERE item.study_id = trial.study_id AND item.number = trial.number), '{}'),
  'constraints', coalesce(
    (SELECT json_object_agg(name, value ORDER BY place) FROM ${schema}.trial_constraint AS item
      WHERE item.study_id = trial.study_id AND item.number = trial.number), '{}'),
  'userAttributes', coalesce(
    (SELECT json_object_agg(key, value ORDER BY place) FROM ${schema}.trial_attribute AS item
      WHERE item.study_id = trial.study_id AND item.number = trial.number), '{}'),
  'sampler', sampler,
  'error', error,
  'startedAt', started_at,
  'finishedAt', finished_at,
  'asked', asked,
  'proposed', proposed,
  'told', told,
  'revision', revision
)::text AS record
FROM ${schema}.trial AS trial;
`;

const functions = (schema: string): string => `
CREATE FUNCTION ${schema}.study_id(p_study text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_id bigint;
BEGIN
  SELECT id INTO v_id FROM ${schema}.study WHERE name = p_study;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown study' USING ERRCODE = 'ND001';
  END IF;
  RETURN v_id;
END $$;

-- Locks the study until the end of the transaction.
CREATE FUNCTION ${schema}.next_revision(p_study text) RETURNS ${schema}.study LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study;
BEGIN
  UPDATE ${schema}.study SET revision = revision + 1 WHERE name = p_study RETURNING * INTO v_study;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown study' USING ERRCODE = 'ND001';
  END IF;
  RETURN v_study;
END $$;

-- Why a fenced update found no row.
CREATE FUNCTION ${schema}.refuse(p_study ${schema}.study, p_number integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_trial ${schema}.trial;
BEGIN
  SELECT * INTO v_trial FROM ${schema}.trial WHERE study_id = p_study.id AND number = p_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown trial' USING ERRCODE = 'ND002', DETAIL = p_study.trials::text;
  END IF;
  RAISE EXCEPTION 'stale trial' USING ERRCODE = 'ND003', DETAIL = v_trial.state || ' ' || v_trial.attempt;
END $$;

CREATE FUNCTION ${schema}.write_details(p_study_id bigint, p_number integer, p_details ${schema}.trial_details,
  p_initial boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_details.param_names) > 0 THEN
    INSERT INTO ${schema}.trial_param (study_id, number, name, value, distribution)
    SELECT p_study_id, p_number, item.name, item.value::json, item.distribution::json
    FROM unnest(p_details.param_names, p_details.param_values, p_details.distributions) WITH ORDINALITY
      AS item (name, value, distribution, place) ORDER BY item.place
    ON CONFLICT (study_id, number, name)
      DO UPDATE SET value = excluded.value, distribution = excluded.distribution;
  END IF;
  IF cardinality(p_details.steps) > 0 THEN
    INSERT INTO ${schema}.trial_report (study_id, number, step, value)
    SELECT p_study_id, p_number, item.step::bigint, item.value::float8
    FROM unnest(p_details.steps, p_details.reports) AS item (step, value)
    ON CONFLICT (study_id, number, step) DO UPDATE SET value = excluded.value;
  END IF;
  IF cardinality(p_details.constraint_names) > 0 THEN
    INSERT INTO ${schema}.trial_constraint (study_id, number, name, value)
    SELECT p_study_id, p_number, item.name, item.value::float8
    FROM unnest(p_details.constraint_names, p_details.constraint_values) WITH ORDINALITY
      AS item (name, value, place) ORDER BY item.place
    ON CONFLICT (study_id, number, name) DO UPDATE SET value = excluded.value;
  END IF;
  IF cardinality(p_details.attribute_keys) > 0 THEN
    INSERT INTO ${schema}.trial_attribute (study_id, number, key, value, initial_value)
    SELECT p_study_id, p_number, item.key, item.value::json, CASE WHEN p_initial THEN item.value::json END
    FROM unnest(p_details.attribute_keys, p_details.attribute_values) WITH ORDINALITY
      AS item (key, value, place) ORDER BY item.place
    ON CONFLICT (study_id, number, key) DO UPDATE SET value = excluded.value;
  END IF;
END $$;

-- Not in LANGUAGE sql, which would plan the view anew in every call.
CREATE FUNCTION ${schema}.trial_of(p_study_id bigint, p_number integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT record FROM ${schema}.trial_record WHERE study_id = p_study_id AND number = p_number);
END $$;

CREATE FUNCTION ${schema}.load_trials(p_study text, p_after bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_id bigint := ${schema}.study_id(p_study);
BEGIN
  RETURN QUERY SELECT record FROM ${schema}.trial_record
    WHERE study_id = v_id AND revision > p_after ORDER BY number;
END $$;

CREATE FUNCTION ${schema}.set_study_attribute(p_study text, p_key text, p_value json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study := ${schema}.next_revision(p_study);
BEGIN
  INSERT INTO ${schema}.study_attribute (study_id, key, value) VALUES (v_study.id, p_key, p_value)
  ON CONFLICT (study_id, key) DO UPDATE SET value = excluded.value;
END $$;

-- A trial with the next number: waiting, running, or ended elsewhere.
CREATE FUNCTION ${schema}.append_trial(p_study text, p_state text, p_fixed_params json, p_results text[],
  p_sampler text, p_error json, p_started_at float8, p_finished_at float8, p_details ${schema}.trial_details)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study := ${schema}.next_revision(p_study);
BEGIN
  UPDATE ${schema}.study SET trials = trials + 1 WHERE id = v_study.id;
  INSERT INTO ${schema}.trial (study_id, number, state, results, fixed_params, sampler, error,
    started_at, finished_at, asked, told, revision)
  VALUES (v_study.id, v_study.trials, p_state, p_results::float8[], p_fixed_params, p_sampler, p_error,
    p_started_at, p_finished_at,
    CASE WHEN p_state <> 'waiting' THEN v_study.revision END,
    CASE WHEN p_state NOT IN ('waiting', 'running') THEN v_study.revision END,
    v_study.revision);
  PERFORM ${schema}.write_details(v_study.id, v_study.trials, p_details, true);
  RETURN ${schema}.trial_of(v_study.id, v_study.trials);
END $$;

CREATE FUNCTION ${schema}.claim_trial(p_study text, p_sampler text, p_at float8) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint := ${schema}.study_id(p_study);
  v_study ${schema}.study;
  v_number integer;
BEGIN
  -- Asked before every new trial: nearly always none waits, and then nothing is locked.
  IF NOT EXISTS (SELECT FROM ${schema}.trial WHERE study_id = v_id AND state = 'waiting') THEN
    RETURN NULL;
  END IF;
  PERFORM FROM ${schema}.study WHERE id = v_id FOR UPDATE;
  SELECT number INTO v_number FROM ${schema}.trial WHERE study_id = v_id AND state = 'waiting'
    ORDER BY number LIMIT 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  v_study := ${schema}.next_revision(p_study);
  UPDATE ${schema}.trial
  SET state = 'running', asked = coalesce(asked, v_study.revision), started_at = p_at, sampler = p_sampler,
    revision = v_study.revision
  WHERE study_id = v_id AND number = v_number;
  RETURN ${schema}.trial_of(v_id, v_number);
END $$;

CREATE FUNCTION ${schema}.write_trial(p_study text, p_number integer, p_attempt integer, p_proposal json,
  p_parent integer, p_details ${schema}.trial_details) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study := ${schema}.next_revision(p_study);
BEGIN
  IF p_proposal IS NULL THEN
    UPDATE ${schema}.trial SET revision = v_study.revision
    WHERE study_id = v_study.id AND number = p_number AND attempt = p_attempt AND state = 'running';
  ELSE
    UPDATE ${schema}.trial
    SET proposal = p_proposal, parent = p_parent, proposed = coalesce(proposed, v_study.revision),
      revision = v_study.revision
    WHERE study_id = v_study.id AND number = p_number AND attempt = p_attempt AND state = 'running';
  END IF;
  IF NOT FOUND THEN
    PERFORM ${schema}.refuse(v_study, p_number);
  END IF;
  PERFORM ${schema}.write_details(v_study.id, p_number, p_details, false);
END $$;

CREATE FUNCTION ${schema}.finish_trial(p_study text, p_number integer, p_attempt integer, p_state text,
  p_results text[], p_error json, p_at float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study := ${schema}.next_revision(p_study);
BEGIN
  UPDATE ${schema}.trial
  SET state = p_state, results = p_results::float8[], error = p_error, finished_at = p_at,
    told = v_study.revision, revision = v_study.revision
  WHERE study_id = v_study.id AND number = p_number AND attempt = p_attempt AND state = 'running';
  IF NOT FOUND THEN
    PERFORM ${schema}.refuse(v_study, p_number);
  END IF;
  RETURN ${schema}.trial_of(v_study.id, p_number);
END $$;

CREATE FUNCTION ${schema}.requeue_trial(p_study text, p_number integer, p_attempt integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_study ${schema}.study := ${schema}.next_revision(p_study);
BEGIN
  UPDATE ${schema}.trial
  SET state = 'waiting', attempt = attempt + 1, started_at = NULL, revision = v_study.revision
  WHERE study_id = v_study.id AND number = p_number AND attempt = p_attempt AND state = 'running';
  IF NOT FOUND THEN
    PERFORM ${schema}.refuse(v_study, p_number);
  END IF;
  DELETE FROM ${schema}.trial_report WHERE study_id = v_study.id AND number = p_number;
  DELETE FROM ${schema}.trial_constraint WHERE study_id = v_study.id AND number = p_number;
  DELETE FROM ${schema}.trial_attribute
  WHERE study_id = v_study.id AND number = p_number AND initial_value IS NULL;
  UPDATE ${schema}.trial_attribute SET value = initial_value
  WHERE study_id = v_study.id AND number = p_number;
  RETURN ${schema}.trial_of(v_study.id, p_number);
END $$;
`;

/** What turns a schema of version n into one of version n + 1, from version 0 on, which has nothing. */
export const migrations: ReadonlyArray<(schema: string) => string> = [
  (schema) => tables(schema) + views(schema) + functions(schema),
];
