/** The version of the messages between a tab and the server. */
export const LINK_VERSION = 1
