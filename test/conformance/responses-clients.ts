import type { HostName } from '../support/server.ts'
export function responsesClients(_: HostName): void {}
