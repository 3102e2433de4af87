/**
 * The first words of error replies with which a server says that it can't serve at present, or not us: it is
 * loading its data, has become a replica, has no memory or disk left, or has changed its passwords.
 */
const AWAY = new Set([
  'LOADING',
  'BUSY',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'NOREPLICAS',
  'MISCONF',
  'OOM',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  'UNBLOCKED',
])

/** Whether a connection is to be opened anew: there may be another master by now, or other passwords. */
export function wantsOtherServer({ message }: Error): boolean {
  return (
    /^(READONLY|MASTERDOWN|NOAUTH|CLUSTERDOWN|UNBLOCKED)\b/.test(message) ||
    /\bREADONLY\b/.test(message)
  )
}

/** Whether an error reply is about the server rather than the command. A script's may quote it. */
export function meansAway({ message }: Error): boolean {
  const [first = ''] = message.split(' ', 1)
  return AWAY.has(first) || /^ERR .*\b(OOM|READONLY|MISCONF)\b/.test(message)
}

/** Whether a server has no memory left for a command that needs some. */
export function meansFull({ message }: Error): boolean {
  return /^(ERR .*\b)?OOM\b/.test(message)
}
