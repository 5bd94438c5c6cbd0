/** As in plugin.json. */
export const PLUGIN_ID = "gaugelet-functions-app";
/** What all paths of the app begin with. */
export const APP_PATH = `/a/${PLUGIN_ID}`;
