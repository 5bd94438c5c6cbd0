CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"user" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"address" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL,
	CONSTRAINT "secrets_owner_name_pk" PRIMARY KEY("owner","name")
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user" text NOT NULL,
	"name" text NOT NULL,
	"digest" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "tokens_digest_unique" UNIQUE("digest")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"name" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"origin" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "users_role" CHECK ("users"."role" in ('viewer', 'editor', 'admin'))
);
--> statement-breakpoint
CREATE TABLE "aliases" (
	"function" text NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL,
	CONSTRAINT "aliases_function_name_pk" PRIMARY KEY("function","name")
);
--> statement-breakpoint
CREATE TABLE "catalog_state" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"revision" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "functions" (
	"name" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"version" integer NOT NULL,
	"is_paused" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"revision" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "packages" (
	"digest" text PRIMARY KEY NOT NULL,
	"zip" "bytea" NOT NULL,
	"files" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "versions" (
	"function" text NOT NULL,
	"number" integer NOT NULL,
	"manifest" jsonb NOT NULL,
	"package" text NOT NULL,
	"warnings" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"comment" text DEFAULT '' NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	CONSTRAINT "versions_function_number_pk" PRIMARY KEY("function","number")
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"owner" text PRIMARY KEY NOT NULL,
	"amount" numeric(20, 6) NOT NULL,
	"warn_at" real NOT NULL,
	"is_hard" boolean NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drained" (
	"stream" text PRIMARY KEY NOT NULL,
	"position" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" text NOT NULL,
	"queued_at" timestamp (3) with time zone NOT NULL,
	"function" text NOT NULL,
	"owner" text NOT NULL,
	"class" text NOT NULL,
	"version" text NOT NULL,
	"version_number" integer,
	"status" text NOT NULL,
	"trigger" text NOT NULL,
	"source" text NOT NULL,
	"shard" text NOT NULL,
	"event_id" text,
	"user" text,
	"attempt" integer NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"run_seconds" real,
	"billed_milliseconds" bigint NOT NULL,
	"mebibyte_milliseconds" bigint NOT NULL,
	"cpu_microseconds" bigint NOT NULL,
	"memory_peak_bytes" bigint,
	"disk_bytes" bigint,
	"worker" text,
	"instance" text NOT NULL,
	"start_method" text,
	"input" text,
	"is_input_cut" boolean NOT NULL,
	"output" text,
	"is_output_cut" boolean NOT NULL,
	"error" text,
	"traceback" text,
	"logs" jsonb NOT NULL,
	CONSTRAINT "runs_id_queued_at_pk" PRIMARY KEY("id","queued_at")
) PARTITION BY RANGE ("queued_at");
--> statement-breakpoint
CREATE TABLE "runs_default" PARTITION OF "runs" DEFAULT;
--> statement-breakpoint
CREATE TABLE "usage" (
	"day" date NOT NULL,
	"owner" text NOT NULL,
	"function" text NOT NULL,
	"class" text NOT NULL,
	"runs" bigint NOT NULL,
	"billed_milliseconds" numeric(40, 0) NOT NULL,
	"mebibyte_milliseconds" numeric(40, 0) NOT NULL,
	"cpu_microseconds" numeric(40, 0) NOT NULL,
	CONSTRAINT "usage_day_owner_function_class_pk" PRIMARY KEY("day","owner","function","class")
);
--> statement-breakpoint
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_user_users_name_fk" FOREIGN KEY ("user") REFERENCES "public"."users"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "aliases" ADD CONSTRAINT "aliases_function_functions_name_fk" FOREIGN KEY ("function") REFERENCES "public"."functions"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "versions" ADD CONSTRAINT "versions_function_functions_name_fk" FOREIGN KEY ("function") REFERENCES "public"."functions"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "versions" ADD CONSTRAINT "versions_package_packages_digest_fk" FOREIGN KEY ("package") REFERENCES "public"."packages"("digest") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_log_target" ON "audit_log" USING btree ("target");--> statement-breakpoint
CREATE INDEX "tokens_user" ON "tokens" USING btree ("user");--> statement-breakpoint
CREATE INDEX "functions_owner" ON "functions" USING btree ("owner");--> statement-breakpoint
CREATE INDEX "functions_revision" ON "functions" USING btree ("revision");--> statement-breakpoint
CREATE INDEX "runs_queued" ON "runs" USING btree ("queued_at");--> statement-breakpoint
CREATE INDEX "runs_function" ON "runs" USING btree ("function","queued_at");--> statement-breakpoint
CREATE INDEX "runs_owner" ON "runs" USING btree ("owner","queued_at");
--> statement-breakpoint
INSERT INTO "catalog_state" DEFAULT VALUES;
