/**
 * The codes of errors that sluice makes itself. Those of servers and of engines in code are no label: they
 * may be anything. A test finds the codes that are missing here.
 */
const OWN = new Set(
  `activity_off admin_required answer_timeout attempt_timeout authentication_failed cancelled compaction_incomplete
  context_length_exceeded device_lost engine_aborted engine_busy engine_error engine_failed
  engine_incomplete engine_invalid engine_lost engine_missing engine_resting engine_start_failed
  engine_stopped engine_truncated engine_unavailable events_lost events_not_kept first_token_timeout
  headers_too_large host_not_allowed instance_lost internal_error invalid_api_key invalid_tool_call invalid_value
  item_not_found keys_missing load_timeout loop_detected method_not_allowed metrics_key
  missing_api_key model_broken model_load_failed model_loading model_not_allowed model_not_capable
  model_not_found model_not_loaded models_invalid not_background not_found not_ready not_supported
  origin_not_allowed parse_queue_full previous_response_not_found rate_limit_exceeded
  request_ended request_stopped request_timeout request_too_large response_not_found response_not_stored shutting_down state_unavailable
  stream_abandoned stream_deleted stream_not_found stream_running stream_stopped
  thread_unsupported_request token_timeout too_many_background too_many_readers unsupported_media_type upstream_error
  upstream_incomplete upstream_invalid upstream_timeout upstream_truncated upstream_unreachable
  webgpu_feature_missing webgpu_unavailable websocket_not_supported`.split(/\s+/),
)

export function isOwnCode(code: string): boolean {
  return OWN.has(code)
}
