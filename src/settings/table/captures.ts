import { CAPTURE_RULE, CAPTURE_RULES } from '../capture-rule.ts'
import { integer, size, text } from '../declaration.ts'

export const captures = {
  capture: text({
    default: 'off',
    pattern: CAPTURE_RULE,
    placeholder: 'RULE',
    expected: CAPTURE_RULES,
    help: 'Which requests are kept as recordings, with their prompts and answers, in memory, for admins: off, all, those of one key (key=NAME), those that one engine was asked for (engine=LABEL), or the next ones (next=N). POST /v1/captures changes it until the restart.',
  }),
  captureCount: integer({
    min: 1,
    max: 10_000,
    default: 50,
    placeholder: 'N',
    help: 'How many captured requests are kept; the oldest are dropped first, failed ones last.',
  }),
  captureBytes: size({
    min: 1_000_000,
    max: 4_000_000_000,
    default: 64_000_000,
    placeholder: 'SIZE',
    expected: 'a size from 1MB to 4GB, such as 64MB',
    help: 'How much memory all captures may take together. One of them may take a quarter of that, and is cut off there.',
  }),
}
