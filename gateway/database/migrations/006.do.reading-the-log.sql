-- Indexes for reading the log (AUD-6): the terminal, and the words of comments. The words are computed from the record's bytes
-- and stored nowhere but in the index, so there is nothing beside the log that could say something else than the log.

CREATE INDEX log_record_terminal ON log_record (terminal, seq) WHERE terminal IS NOT NULL;

-- Letters are folded the same way on every server: the database's own locale may be C, which folds ASCII alone.
DO $$
DECLARE
  folding text;
BEGIN
  SELECT format('COLLATE pg_catalog.%I', collname) INTO folding FROM pg_collation
    WHERE collnamespace = 'pg_catalog'::regnamespace AND collname IN ('pg_c_utf8', 'und-x-icu')
    ORDER BY collname LIMIT 1;
  folding := coalesce(folding, '');

  -- Words of a comment or a message, each also without the points and dashes inside it, so that TIC finds BR101.TIC.SP.
  -- Null, never an error, for bytes that are no record: an index must not keep anything out of the log, nor hide what
  -- somebody did to a row. Called by the index below and by the condition that uses it.
  EXECUTE format($function$
    CREATE FUNCTION record_words(body bytea) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT COST 1000 AS $body$
    DECLARE
      record jsonb;
      said text;
    BEGIN
      record := convert_from(body, 'UTF8')::jsonb;
      said := left(concat_ws(' ', record #>> '{reason,comment}', record #>> '{detail,comment}', record #>> '{detail,message}'), 20000);
      RETURN to_tsvector('pg_catalog.simple', lower((said || ' ' || translate(said, '.-_/:;,@#+=()[]', repeat(' ', 15))) %1$s));
    EXCEPTION WHEN others THEN
      RETURN NULL;
    END $body$
  $function$, folding);

  -- All words of what was typed, each as the beginning of one; null where nothing in it is a word.
  EXECUTE format($function$
    CREATE FUNCTION words_wanted(typed text) RETURNS tsquery LANGUAGE sql STABLE STRICT AS $body$
      SELECT string_agg('(' || parsed || ':*)', ' & ')::tsquery
      FROM regexp_split_to_table(lower(typed %1$s), '\s+') AS chunk,
        LATERAL (SELECT nullif(phraseto_tsquery('pg_catalog.simple', chunk)::text, '') AS parsed) AS words
      WHERE parsed IS NOT NULL
    $body$
  $function$, folding);
END $$;

-- Only records that may hold such words are looked into: the search for these bytes costs a tenth of reading the record.
CREATE INDEX log_record_words ON log_record USING gin (record_words(body))
  WHERE position('"comment":"'::bytea IN body) > 0 OR position('"message":"'::bytea IN body) > 0;
