-- Runs are searched by a part of their error. Where the extension cannot be had such a search looks at every run that did
-- not complete.
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
	CREATE INDEX "runs_error" ON "runs" USING gin ("error" gin_trgm_ops) WHERE "status" <> 'completed';
EXCEPTION WHEN OTHERS THEN
	RAISE NOTICE 'errors of runs have no index of their own: %', SQLERRM;
END $$;
