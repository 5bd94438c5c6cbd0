import { css } from "@emotion/css";

/** For what has a width of its own: no wider than the page, on a phone. */
export const withinPage = css({ maxWidth: "100%" });
