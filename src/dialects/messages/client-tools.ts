/**
 * Tools that Anthropic defines and the client runs, as functions for the chat request. Input schemas
 * follow the API's documentation for the version in the type.
 */
import type { MessagesTool } from '../../wire/messages/request.ts'
import { integer, list, object, oneOf, type Schema, text } from '../tools/json-schema.ts'

export interface MessagesClientTool {
  /** The function's name if the request has none. */
  name: string
  describe(tool: MessagesTool & { type: string }): { description: string; parameters: Schema }
}

export const bash: MessagesClientTool = {
  name: 'bash',
  describe: () => ({
    description:
      "Runs a command in a shell on the user's computer, which stays open between calls.",
    parameters: object(
      {
        command: text('The command. Needed unless restart is true.'),
        restart: { type: 'boolean', description: 'Whether to begin with a new shell instead.' },
      },
      [],
    ),
  }),
}

const path = text('The path of the file or directory.')
const range = list({ type: 'integer' }, 'For view: the first and the last line, -1 for the end.')
const file_text = text('For create: what the file holds.')
const old_str = text('For str_replace: the text to replace, which must be there exactly once.')

/** The versions before May 2025 can undo an edit, and insert the text of `new_str`. */
const BEFORE_MAY_2025 = /_(2024\d{4}|20250124)$/

export const textEditor: MessagesClientTool = {
  name: 'str_replace_based_edit_tool',
  describe({ type }) {
    const isOlder = BEFORE_MAY_2025.test(type)
    const commands = ['view', 'create', 'str_replace', 'insert', ...(isOlder ? ['undo_edit'] : [])]
    return {
      description: 'Shows, creates and edits text files.',
      parameters: object(
        {
          command: oneOf(commands, 'What to do.'),
          path,
          view_range: range,
          file_text,
          old_str,
          new_str: text(`For str_replace${isOlder ? ' and insert' : ''}: the new text.`),
          insert_line: integer('For insert: the line after which to insert, 0 for the beginning.'),
          ...(!isOlder && { insert_text: text('For insert: the text.') }),
        },
        ['command', 'path'],
      ),
    }
  },
}

const MEMORY = ['view', 'create', 'str_replace', 'insert', 'delete', 'rename']

export const memory: MessagesClientTool = {
  name: 'memory',
  describe: () => ({
    description:
      'Keeps notes in files below /memories between conversations. View that directory before anything else.',
    parameters: object(
      {
        command: oneOf(MEMORY, 'What to do.'),
        path: text('The path, below /memories; for rename there are old_path and new_path.'),
        view_range: range,
        file_text,
        old_str,
        new_str: text('For str_replace: the new text.'),
        insert_line: integer('For insert: the line after which to insert, 0 for the beginning.'),
        insert_text: text('For insert: the text.'),
        old_path: text('For rename.'),
        new_path: text('For rename.'),
      },
      ['command'],
    ),
  }),
}

const ACTIONS = [
  'key',
  'type',
  'mouse_move',
  'left_click',
  'left_click_drag',
  'right_click',
  'middle_click',
  'double_click',
  'screenshot',
  'cursor_position',
]

const SINCE_2025 = [
  'left_mouse_down',
  'left_mouse_up',
  'scroll',
  'hold_key',
  'wait',
  'triple_click',
]

const point = (description: string) => list({ type: 'integer' }, description)

export const computer: MessagesClientTool = {
  name: 'computer',
  describe({ type, display_width_px: width, display_height_px: height, enable_zoom }) {
    const more = type.includes('_2024') ? [] : SINCE_2025
    const actions = [...ACTIONS, ...more, ...(enable_zoom ? ['zoom'] : [])]
    return {
      description: `Acts on a screen of ${width} × ${height} pixels by mouse and keyboard, and takes screenshots.`,
      parameters: object(
        {
          action: oneOf(actions, 'What to do.'),
          coordinate: point('Pixels from the left and from the top.'),
          start_coordinate: point('For left_click_drag: where it begins.'),
          text: text('For type, what to type; for key and hold_key, the keys: "ctrl+s".'),
          scroll_direction: oneOf(['up', 'down', 'left', 'right'], 'For scroll.'),
          scroll_amount: integer('For scroll: how many clicks of the wheel.'),
          duration: { type: 'number', description: 'For wait and hold_key: seconds.' },
          ...(enable_zoom === true && {
            region: list({ type: 'integer' }, 'For zoom: left, top, right and bottom, in pixels.'),
          }),
        },
        ['action'],
      ),
    }
  },
}
