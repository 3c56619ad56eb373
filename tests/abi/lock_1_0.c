/* SPDX-License-Identifier: ISC */
/* lock_1_0.c - the contract's base and services at ABI 1.0 */
#include <mansio/auth.h>
#include <mansio/base.h>
#include <mansio/blob.h>
#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/dial.h>
#include <mansio/facts.h>
#include <mansio/log.h>
#include <mansio/message.h>
#include <mansio/metrics.h>
#include <mansio/op.h>
#include <mansio/pipeline.h>
#include <mansio/plugin.h>
#include <mansio/resolver.h>
#include <mansio/scope.h>
#include <mansio/secret.h>
#include <mansio/session.h>
#include <mansio/task.h>
#include <mansio/tls.h>

#include "lock.h"

/* base.h */
ALL(ms_str, 16);
AT(ms_str, data, 0, 8);
AT(ms_str, len, 8, 8);
LEAST(ms_error, 256);
AT(ms_error, size, 0, 4);
AT(ms_error, enhanced, 4, 12);
AT(ms_error, text, 16, 240);
ALL(ms_id, 16);
AT(ms_id, octets, 0, 16);
ALL(ms_field, 32);
AT(ms_field, name, 0, 16);
AT(ms_field, value, 16, 16);

/* scope.h */
LEAST(ms_scope, 48);
AT(ms_scope, size, 0, 4);
AT(ms_scope, flags, 4, 4);
AT(ms_scope, id, 8, 16);
AT(ms_scope, deadline_us, 24, 8);
AT(ms_scope, arena, 32, 8);
AT(ms_scope, host, 40, 8);
LEAST(ms_scope_api, 48);
AT(ms_scope_api, size, 0, 4);
AT(ms_scope_api, alloc, 8, 8);
AT(ms_scope_api, arena_new, 16, 8);
AT(ms_scope_api, arena_reset, 24, 8);
AT(ms_scope_api, arena_free, 32, 8);
AT(ms_scope_api, is_cancelled, 40, 8);

/* op.h */
LEAST(ms_op_api, 32);
AT(ms_op_api, size, 0, 4);
AT(ms_op_api, await, 8, 8);
AT(ms_op_api, is_done, 16, 8);
AT(ms_op_api, drop, 24, 8);

/* blob.h */
LEAST(ms_blob_api, 120);
AT(ms_blob_api, size, 0, 4);
AT(ms_blob_api, hold, 8, 8);
AT(ms_blob_api, release, 16, 8);
AT(ms_blob_api, octets, 24, 8);
AT(ms_blob_api, read, 32, 8);
AT(ms_blob_api, view, 40, 8);
AT(ms_blob_api, name, 48, 8);
AT(ms_blob_api, open, 56, 8);
AT(ms_blob_api, from_file, 64, 8);
AT(ms_blob_api, from_memory, 72, 8);
AT(ms_blob_api, begin, 80, 8);
AT(ms_blob_api, write, 88, 8);
AT(ms_blob_api, copy, 96, 8);
AT(ms_blob_api, finish, 104, 8);
AT(ms_blob_api, abort, 112, 8);

/* facts.h */
LEAST(ms_facts_api, 32);
AT(ms_facts_api, size, 0, 4);
AT(ms_facts_api, get, 8, 8);
AT(ms_facts_api, set, 16, 8);
AT(ms_facts_api, at, 24, 8);

/* tls.h */
LEAST(ms_tls_policy, 104);
AT(ms_tls_policy, size, 0, 4);
AT(ms_tls_policy, level, 4, 4);
AT(ms_tls_policy, sni, 8, 16);
AT(ms_tls_policy, names, 24, 8);
AT(ms_tls_policy, n_names, 32, 4);
AT(ms_tls_policy, n_tlsa, 36, 4);
AT(ms_tls_policy, tlsa, 40, 8);
AT(ms_tls_policy, alpn, 48, 16);
AT(ms_tls_policy, certificate, 64, 16);
AT(ms_tls_policy, roots, 80, 16);
AT(ms_tls_policy, minimum, 96, 4);
AT(ms_tls_policy, flags, 100, 4);

/* session.h */
LEAST(ms_wait, 72);
AT(ms_wait, size, 0, 4);
AT(ms_wait, what, 4, 4);
AT(ms_wait, line_max, 8, 4);
AT(ms_wait, framing, 12, 4);
AT(ms_wait, count, 16, 8);
AT(ms_wait, body_max, 24, 8);
AT(ms_wait, into, 32, 8);
AT(ms_wait, session, 40, 8);
AT(ms_wait, ops, 48, 8);
AT(ms_wait, n_ops, 56, 4);
AT(ms_wait, flags, 60, 4);
AT(ms_wait, timeout_us, 64, 8);
LEAST(ms_came, 64);
AT(ms_came, size, 0, 4);
AT(ms_came, what, 4, 4);
AT(ms_came, flags, 8, 4);
AT(ms_came, status, 12, 4);
AT(ms_came, input, 16, 16);
AT(ms_came, count, 32, 8);
AT(ms_came, op, 40, 8);
AT(ms_came, session, 48, 8);
AT(ms_came, error, 56, 8);
LEAST(ms_session_api, 96);
AT(ms_session_api, size, 0, 4);
AT(ms_session_api, scope, 8, 8);
AT(ms_session_api, facts, 16, 8);
AT(ms_session_api, write, 24, 8);
AT(ms_session_api, write_blob, 32, 8);
AT(ms_session_api, output_mark, 40, 8);
AT(ms_session_api, start_tls, 48, 8);
AT(ms_session_api, start_compress, 56, 8);
AT(ms_session_api, channel_binding, 64, 8);
AT(ms_session_api, hand_over, 72, 8);
AT(ms_session_api, watch, 80, 8);
AT(ms_session_api, splice, 88, 8);

/* auth.h */
LEAST(ms_auth_step, 56);
AT(ms_auth_step, size, 0, 4);
AT(ms_auth_step, done, 4, 4);
AT(ms_auth_step, challenge, 8, 16);
AT(ms_auth_step, account, 24, 16);
AT(ms_auth_step, user, 40, 16);
LEAST(ms_auth, 48);
AT(ms_auth, size, 0, 4);
AT(ms_auth, mechanisms, 8, 8);
AT(ms_auth, begin, 16, 8);
AT(ms_auth, step, 24, 8);
AT(ms_auth, result, 32, 8);
AT(ms_auth, drop, 40, 8);

/* plugin.h */
LEAST(ms_host, 40);
AT(ms_host, size, 0, 4);
AT(ms_host, abi_major, 4, 2);
AT(ms_host, abi_minor, 6, 2);
AT(ms_host, version, 8, 8);
AT(ms_host, scope, 16, 8);
AT(ms_host, service, 24, 8);
AT(ms_host, roles, 32, 4);
AT(ms_host, reserved, 36, 4);
LEAST(ms_option, 80);
AT(ms_option, name, 0, 8);
AT(ms_option, type, 8, 4);
AT(ms_option, flags, 12, 4);
AT(ms_option, initial, 16, 8);
AT(ms_option, minimum, 24, 8);
AT(ms_option, maximum, 32, 8);
AT(ms_option, choices, 40, 8);
AT(ms_option, help, 48, 8);
AT(ms_option, nested, 56, 8);
AT(ms_option, reserved, 64, 16);
LEAST(ms_plugin, 112);
AT(ms_plugin, magic, 0, 4);
AT(ms_plugin, size, 4, 4);
AT(ms_plugin, abi_major, 8, 2);
AT(ms_plugin, abi_minor, 10, 2);
AT(ms_plugin, flags, 12, 4);
AT(ms_plugin, name, 16, 8);
AT(ms_plugin, version, 24, 8);
AT(ms_plugin, license, 32, 8);
AT(ms_plugin, summary, 40, 8);
AT(ms_plugin, options, 48, 8);
AT(ms_plugin, option_stride, 56, 4);
AT(ms_plugin, touches, 60, 4);
AT(ms_plugin, needs, 64, 8);
AT(ms_plugin, create, 72, 8);
AT(ms_plugin, start, 80, 8);
AT(ms_plugin, stop, 88, 8);
AT(ms_plugin, destroy, 96, 8);
AT(ms_plugin, interface, 104, 8);
ALL(ms_backend, 16);
AT(ms_backend, table, 0, 8);
AT(ms_backend, self, 8, 8);

/* task.h */
LEAST(ms_task, 48);
AT(ms_task, size, 0, 4);
AT(ms_task, came, 4, 4);
AT(ms_task, number, 8, 8);
AT(ms_task, topic, 16, 16);
AT(ms_task, data, 32, 16);
LEAST(ms_tasks, 16);
AT(ms_tasks, size, 0, 4);
AT(ms_tasks, run, 8, 8);
LEAST(ms_timer, 24);
AT(ms_timer, size, 0, 4);
AT(ms_timer, run_at, 8, 8);
AT(ms_timer, cancel, 16, 8);

/* bus.h */
LEAST(ms_bus, 24);
AT(ms_bus, size, 0, 4);
AT(ms_bus, publish, 8, 8);
AT(ms_bus, subscribe, 16, 8);

/* clock.h */
LEAST(ms_clock, 32);
AT(ms_clock, size, 0, 4);
AT(ms_clock, now_us, 8, 8);
AT(ms_clock, steady_us, 16, 8);
AT(ms_clock, random, 24, 8);

/* config.h */
LEAST(ms_config_api, 72);
AT(ms_config_api, size, 0, 4);
AT(ms_config_api, title, 8, 8);
AT(ms_config_api, directory, 16, 8);
AT(ms_config_api, string, 24, 8);
AT(ms_config_api, number, 32, 8);
AT(ms_config_api, span_us, 40, 8);
AT(ms_config_api, section, 48, 8);
AT(ms_config_api, backend, 56, 8);
AT(ms_config_api, refuse, 64, 8);

/* dial.h */
LEAST(ms_target, 104);
AT(ms_target, size, 0, 4);
AT(ms_target, port, 4, 4);
AT(ms_target, address, 8, 16);
AT(ms_target, name, 24, 16);
AT(ms_target, source, 40, 16);
AT(ms_target, proxy, 56, 16);
AT(ms_target, tls, 72, 8);
AT(ms_target, timeout_us, 80, 8);
AT(ms_target, key, 88, 16);
LEAST(ms_dialled, 24);
AT(ms_dialled, size, 0, 4);
AT(ms_dialled, reused, 4, 4);
AT(ms_dialled, session, 8, 8);
AT(ms_dialled, state, 16, 8);
LEAST(ms_dial, 48);
AT(ms_dial, size, 0, 4);
AT(ms_dial, connect, 8, 8);
AT(ms_dial, result, 16, 8);
AT(ms_dial, keep, 24, 8);
AT(ms_dial, close, 32, 8);
AT(ms_dial, converse, 40, 8);

/* message.h */
LEAST(ms_message_info, 152);
AT(ms_message_info, size, 0, 4);
AT(ms_message_info, flags, 4, 4);
AT(ms_message_info, delivery_id, 8, 16);
AT(ms_message_info, id, 24, 16);
AT(ms_message_info, reverse_path, 40, 16);
AT(ms_message_info, envid, 56, 16);
AT(ms_message_info, auth, 72, 16);
AT(ms_message_info, received_us, 88, 8);
AT(ms_message_info, hold_until_us, 96, 8);
AT(ms_message_info, deliver_by_us, 104, 8);
AT(ms_message_info, by_mode, 112, 4);
AT(ms_message_info, priority, 116, 4);
AT(ms_message_info, n_recipients, 120, 4);
AT(ms_message_info, n_headers, 124, 4);
AT(ms_message_info, header_octets, 128, 8);
AT(ms_message_info, body, 136, 8);
AT(ms_message_info, coming, 144, 8);
LEAST(ms_recipient, 72);
AT(ms_recipient, size, 0, 4);
AT(ms_recipient, notify, 4, 4);
AT(ms_recipient, number, 8, 4);
AT(ms_recipient, flags, 12, 4);
AT(ms_recipient, path, 16, 16);
AT(ms_recipient, original, 32, 16);
AT(ms_recipient, facts, 48, 8);
AT(ms_recipient, account, 56, 16);
LEAST(ms_auth_result, 80);
AT(ms_auth_result, size, 0, 4);
AT(ms_auth_result, n_properties, 4, 4);
AT(ms_auth_result, method, 8, 16);
AT(ms_auth_result, result, 24, 16);
AT(ms_auth_result, reason, 40, 16);
AT(ms_auth_result, comment, 56, 16);
AT(ms_auth_result, properties, 72, 8);
LEAST(ms_message_api, 104);
AT(ms_message_api, size, 0, 4);
AT(ms_message_api, info, 8, 8);
AT(ms_message_api, recipient, 16, 8);
AT(ms_message_api, facts, 24, 8);
AT(ms_message_api, header, 32, 8);
AT(ms_message_api, content, 40, 8);
AT(ms_message_api, edit_header, 48, 8);
AT(ms_message_api, replace_body, 56, 8);
AT(ms_message_api, set_reverse_path, 64, 8);
AT(ms_message_api, add_recipient, 72, 8);
AT(ms_message_api, remove_recipient, 80, 8);
AT(ms_message_api, add_result, 88, 8);
AT(ms_message_api, set_info, 96, 8);

/* log.h */
LEAST(ms_log, 24);
AT(ms_log, size, 0, 4);
AT(ms_log, write, 8, 8);
AT(ms_log, wants, 16, 8);

/* metrics.h */
LEAST(ms_metrics, 24);
AT(ms_metrics, size, 0, 4);
AT(ms_metrics, series, 8, 8);
AT(ms_metrics, add, 16, 8);

/* pipeline.h */
LEAST(ms_pipeline, 48);
AT(ms_pipeline, size, 0, 4);
AT(ms_pipeline, begin, 8, 8);
AT(ms_pipeline, run, 16, 8);
AT(ms_pipeline, submit, 24, 8);
AT(ms_pipeline, verdict, 32, 8);
AT(ms_pipeline, drop, 40, 8);

/* resolver.h */
LEAST(ms_rr, 64);
AT(ms_rr, size, 0, 4);
AT(ms_rr, type, 4, 2);
AT(ms_rr, preference, 6, 2);
AT(ms_rr, weight, 8, 2);
AT(ms_rr, port, 10, 2);
AT(ms_rr, ttl, 12, 4);
AT(ms_rr, name, 16, 16);
AT(ms_rr, text, 32, 16);
AT(ms_rr, rdata, 48, 16);
LEAST(ms_answer, 48);
AT(ms_answer, size, 0, 4);
AT(ms_answer, dnssec, 4, 4);
AT(ms_answer, rcode, 8, 4);
AT(ms_answer, n, 12, 4);
AT(ms_answer, records, 16, 8);
AT(ms_answer, canonical, 24, 16);
AT(ms_answer, aliases, 40, 4);
AT(ms_answer, flags, 44, 4);
LEAST(ms_resolver, 24);
AT(ms_resolver, size, 0, 4);
AT(ms_resolver, ask, 8, 8);
AT(ms_resolver, answer, 16, 8);

/* secret.h */
LEAST(ms_secret_api, 24);
AT(ms_secret_api, size, 0, 4);
AT(ms_secret_api, read, 8, 8);
AT(ms_secret_api, sign, 16, 8);
