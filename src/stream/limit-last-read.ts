import type { BodyWriter } from '../platform/body-writer.ts'
import { Cancelled } from '../wire/errors/cancelled.ts'
import type { Exchange } from './exchange.ts'

/**
 * Breaks a body off that its client has not read to its end after `clientTimeout` milliseconds: a client
 * that never reads the end must not occupy its connection for ever.
 */
export function limitLastRead(
  exchange: Pick<Exchange, 'delivered'>,
  body: Pick<BodyWriter, 'break'>,
  clientTimeout: number,
): void {
  const timer = setTimeout(() => {
    body.break(new Cancelled('the client did not read the end of the stream in time'))
  }, clientTimeout)
  void exchange.delivered?.finally(() => clearTimeout(timer))
}
