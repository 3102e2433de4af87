/** The bytes of one of the page's files, by its name below the page's folder. */
export type Files = (
  name: string,
) => Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined>
