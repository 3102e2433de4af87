/** One Redis server, and how to log in there. */
export interface RedisServer {
  host: string
  port: number
  username?: string | undefined
  password?: string | undefined
  /** The number of the database; 0 by default. */
  database?: number | undefined
  /** Connects by TLS; `ca` is a certificate in PEM that is trusted instead of the system's. */
  tls?: { ca?: string; servername?: string } | undefined
}
