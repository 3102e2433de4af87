/** Thrown where the client has left; nobody reads its message. */
export class Cancelled extends Error {}
