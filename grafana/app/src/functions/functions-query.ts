/** What the list of functions asks for where nothing is filtered. */
export const FUNCTIONS_QUERY = { limit: 500 };
