/** What an instance says of the state that it shares with others. */
export interface StateStatus {
  /** Where that state is. */
  kind: 'memory' | 'redis' | 'objects'
  /** `away`: the store does not answer, and `policy` is in force. */
  status: 'connected' | 'away'
  /** How many instances share it, as far as this one has seen. */
  instances: number
  /** What happens to requests while the store is away. */
  policy?: 'local' | 'open' | 'closed'
}

/** Of state in this process alone. */
export const memoryStatus: StateStatus = { kind: 'memory', status: 'connected', instances: 1 }
