/**
 * Every request sluice sends carries this header, and a request that already carries it is refused
 * with 508: an upstream that leads back to sluice would otherwise ask for ever.
 */
export const HOP_HEADER = 'x-sluice-hop'
