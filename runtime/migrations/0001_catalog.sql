ALTER TABLE "catalog_state" ADD COLUMN "purged" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "functions" ADD COLUMN "output_key" text;--> statement-breakpoint
ALTER TABLE "functions" ADD COLUMN "updated_by" text NOT NULL;--> statement-breakpoint
CREATE INDEX "functions_output_key" ON "functions" USING btree ("output_key");