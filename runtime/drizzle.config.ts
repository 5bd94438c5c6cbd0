import { defineConfig } from "drizzle-kit";

/** `npx drizzle-kit generate` writes the migration from the last one to what the schema says now. */
export default defineConfig({ dialect: "postgresql", schema: "./src/database/schema", out: "./migrations" });
