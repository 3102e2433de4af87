/** What checks streams: the page loads it when one is to be checked. One file is smaller than three. */
export { checkStream, checkStreamInSteps } from '../src/check/check-stream.ts'
export { parseRecording } from '../src/recording/recording.ts'
export { RuleList } from './frames/rule-list.tsx'
