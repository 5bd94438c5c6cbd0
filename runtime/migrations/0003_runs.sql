ALTER TABLE "runs" ADD COLUMN "sequence" bigserial NOT NULL;--> statement-breakpoint
CREATE INDEX "runs_sequence" ON "runs" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "runs_trigger" ON "runs" USING btree ("trigger","queued_at");--> statement-breakpoint
CREATE INDEX "runs_version_number" ON "runs" USING btree ("function","version_number","queued_at") WHERE "runs"."version_number" is not null;--> statement-breakpoint
CREATE INDEX "runs_user" ON "runs" USING btree ("user","queued_at") WHERE "runs"."user" is not null;--> statement-breakpoint
CREATE INDEX "runs_unsuccessful" ON "runs" USING btree ("queued_at") WHERE "runs"."status" <> 'completed';--> statement-breakpoint
CREATE INDEX "runs_unsuccessful_function" ON "runs" USING btree ("function","queued_at") WHERE "runs"."status" <> 'completed';