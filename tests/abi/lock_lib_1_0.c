/* SPDX-License-Identifier: ISC */
/* lock_lib_1_0.c - the structs that libmansio.so.1 shares with its callers */
#include <mansio/address.h>
#include <mansio/buf.h>
#include <mansio/digest.h>
#include <mansio/encode.h>
#include <mansio/header.h>
#include <mansio/json.h>
#include <mansio/mime.h>
#include <mansio/pack.h>

#include "lock.h"

/* address.h */
ALL(ms_path, 56);
AT(ms_path, local, 0, 16);
AT(ms_path, domain, 16, 16);
AT(ms_path, address, 32, 16);
AT(ms_path, flags, 48, 4);
ALL(ms_address, 72);
AT(ms_address, kind, 0, 4);
AT(ms_address, flags, 4, 4);
AT(ms_address, name, 8, 16);
AT(ms_address, route, 24, 16);
AT(ms_address, local, 40, 16);
AT(ms_address, domain, 56, 16);

/* buf.h */
ALL(ms_buf, 40);
AT(ms_buf, data, 0, 8);
AT(ms_buf, len, 8, 8);
AT(ms_buf, cap, 16, 8);
AT(ms_buf, max, 24, 8);
AT(ms_buf, failed, 32, 1);

/* header.h */
ALL(ms_header_field, 48);
AT(ms_header_field, name, 0, 16);
AT(ms_header_field, value, 16, 16);
AT(ms_header_field, whole, 32, 16);
ALL(ms_param, 32);
AT(ms_param, name, 0, 16);
AT(ms_param, value, 16, 16);
ALL(ms_params, 32);
AT(ms_params, value, 0, 16);
AT(ms_params, params, 16, 8);
AT(ms_params, n, 24, 8);

/* mime.h */
ALL(ms_mime_part, 288);
AT(ms_mime_part, parent, 0, 4);
AT(ms_mime_part, first_child, 4, 4);
AT(ms_mime_part, next, 8, 4);
AT(ms_mime_part, number, 12, 4);
AT(ms_mime_part, n_children, 16, 4);
AT(ms_mime_part, cte, 20, 4);
AT(ms_mime_part, is_multipart, 24, 1);
AT(ms_mime_part, is_message, 25, 1);
AT(ms_mime_part, is_truncated, 26, 1);
AT(ms_mime_part, header_offset, 32, 8);
AT(ms_mime_part, header_octets, 40, 8);
AT(ms_mime_part, body_offset, 48, 8);
AT(ms_mime_part, body_octets, 56, 8);
AT(ms_mime_part, body_lines, 64, 8);
AT(ms_mime_part, header_lines, 72, 8);
AT(ms_mime_part, content_type, 80, 16);
AT(ms_mime_part, content_disposition, 96, 16);
AT(ms_mime_part, content_id, 112, 16);
AT(ms_mime_part, content_description, 128, 16);
AT(ms_mime_part, content_encoding, 144, 16);
AT(ms_mime_part, content_language, 160, 16);
AT(ms_mime_part, content_location, 176, 16);
AT(ms_mime_part, content_md5, 192, 16);
AT(ms_mime_part, type, 208, 32);
AT(ms_mime_part, disposition, 240, 32);
AT(ms_mime_part, header, 272, 16);
ALL(ms_mime, 64);
AT(ms_mime, parts, 0, 8);
AT(ms_mime, n, 8, 4);
AT(ms_mime, octets, 16, 8);
AT(ms_mime, lines, 24, 8);
AT(ms_mime, has_8bit, 32, 1);
AT(ms_mime, has_nul, 33, 1);
AT(ms_mime, has_bare_cr, 34, 1);
AT(ms_mime, has_bare_lf, 35, 1);
AT(ms_mime, longest_line, 36, 4);
AT(ms_mime, text_part, 40, 4);
AT(ms_mime, text, 48, 16);

/* digest.h */
ALL(ms_digest, 264);
AT(ms_digest, envelope, 0, 16);
AT(ms_digest, body_structure, 16, 16);
AT(ms_digest, body, 32, 16);
AT(ms_digest, octets, 48, 8);
AT(ms_digest, header_octets, 56, 8);
AT(ms_digest, sent_us, 64, 8);
AT(ms_digest, sent_zone, 72, 4);
AT(ms_digest, base_subject, 80, 16);
AT(ms_digest, sort_from, 96, 16);
AT(ms_digest, sort_to, 112, 16);
AT(ms_digest, sort_cc, 128, 16);
AT(ms_digest, display_from, 144, 16);
AT(ms_digest, display_to, 160, 16);
AT(ms_digest, subject, 176, 16);
AT(ms_digest, message_id, 192, 16);
AT(ms_digest, preview, 208, 16);
AT(ms_digest, thread_keys, 224, 16);
AT(ms_digest, parts, 240, 16);
AT(ms_digest, has_attachment, 256, 1);
ALL(ms_digest_part, 72);
AT(ms_digest_part, header_offset, 0, 8);
AT(ms_digest_part, header_octets, 8, 8);
AT(ms_digest_part, body_offset, 16, 8);
AT(ms_digest_part, body_octets, 24, 8);
AT(ms_digest_part, cte, 32, 4);
AT(ms_digest_part, is_message, 36, 1);
AT(ms_digest_part, is_multipart, 37, 1);
AT(ms_digest_part, is_text, 38, 1);
AT(ms_digest_part, inner_header_offset, 40, 8);
AT(ms_digest_part, inner_header_octets, 48, 8);
AT(ms_digest_part, inner_body_offset, 56, 8);
AT(ms_digest_part, inner_body_octets, 64, 8);

/* encode.h */
ALL(ms_decoder, 96);
AT(ms_decoder, bits, 0, 4);
AT(ms_decoder, n_bits, 4, 4);
AT(ms_decoder, held, 8, 4);
AT(ms_decoder, damaged, 12, 4);
AT(ms_decoder, hold, 16, 80);

/* json.h */
ALL(ms_json, 16);
AT(ms_json, out, 0, 8);
AT(ms_json, depth, 8, 4);
AT(ms_json, begun, 12, 4);

/* pack.h */
ALL(ms_unpack, 24);
AT(ms_unpack, at, 0, 8);
AT(ms_unpack, end, 8, 8);
AT(ms_unpack, bad, 16, 1);
