/** The keys with which the tabs of `bench/tabs.ts` are offered: each may have sixteen. */
export const OFFERS = Array.from({ length: 16 }, (_, n) => `offer-${n}`)
