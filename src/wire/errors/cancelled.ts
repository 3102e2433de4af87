/** Thrown when the client has disconnected; nobody reads its message. */
export class Cancelled extends Error {}
