CREATE TABLE "price_lists" (
	"id" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"list" text NOT NULL,
	"accepted_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
