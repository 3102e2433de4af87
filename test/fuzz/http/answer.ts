/** What an HTTP client makes of the bytes that a server sent in answer to one request. */
export interface Answer {
  /** `refused`: no head that is valid. `cut`: a head, and then an error or too few bytes. */
  verdict: 'complete' | 'cut' | 'refused'
  status: number
  /** By lower-case name; repeated ones joined with commas. */
  headers: Record<string, string>
  /** The bytes of the body, one character for each. */
  body: string
  /** Whether the connection may carry the next request. */
  isReusable: boolean
  /** The code of llhttp's error. */
  error?: string
}

/** How the server closes the connection behind its last byte. */
export type Closing = 'clean' | 'broken'
