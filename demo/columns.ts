import { signal } from '@preact/signals'

/** The column of the chat that a narrow screen shows. */
export const column = signal<'models' | 'chat' | 'wire'>('chat')
