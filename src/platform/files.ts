/**
 * The bytes of one of the page's files, by its name below the page's folder. A file may be there only packed,
 * under its name and `.gz`.
 */
export type Files = (
  name: string,
) => Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined>
