/* SPDX-License-Identifier: ISC */
/* base64_table.h - RFC 4648 4: what each octet stands for; private to libmansio */
#ifndef LIB_BASE64_TABLE_H
#define LIB_BASE64_TABLE_H

#include <stdint.h>

/* 0 to 63; BASE64_NONE: not of the alphabet. */
#define BASE64_NONE 0xff
__attribute__((visibility("hidden"))) extern const uint8_t base64_value[256];

#endif
