/* SPDX-License-Identifier: ISC */
/*
 * charset.c - see encode.h: foreign charsets to UTF-8
 *
 * The list holds what mail uses, by MIME names and the aliases seen in the
 * wild, and for each the converter of iconv(3) that is right for it: where
 * senders name a charset and use its superset, the superset (Windows-1252 for
 * ISO-8859-1, GB18030 for GB2312).  UTF-7 and charsets with escapes into
 * others beyond ISO-2022-JP and -KR are left out on purpose: they have hidden
 * text from filters, and broken converters, more often than carried mail.
 */
#include <mansio/encode.h>
#include <mansio/str.h>

#include <errno.h>
#include <iconv.h>
#include <pthread.h>

#include "ascii.h"
#include "utf8_sequence.h"

#define BLOCK 2048

/* Converted here, without iconv: nearly all mail. */
#define BY_UTF8	"utf-8"
#define BY_1252	"windows-1252"

struct charset {
	struct ms_str name;
	const char   *converter;
};

/* clang-format off */
static const struct charset charsets[] = {
	{ MS_STR("utf-8"), BY_UTF8 }, { MS_STR("utf8"), BY_UTF8 },
	{ MS_STR("us-ascii"), BY_UTF8 }, { MS_STR("ascii"), BY_UTF8 },
	{ MS_STR("ansi_x3.4-1968"), BY_UTF8 }, { MS_STR("iso646-us"), BY_UTF8 },
	{ MS_STR("iso-8859-1"), BY_1252 }, { MS_STR("iso8859-1"), BY_1252 },
	{ MS_STR("iso_8859-1"), BY_1252 }, { MS_STR("latin1"), BY_1252 },
	{ MS_STR("latin-1"), BY_1252 }, { MS_STR("l1"), BY_1252 },
	{ MS_STR("windows-1252"), BY_1252 }, { MS_STR("cp1252"), BY_1252 },
	{ MS_STR("cp-1252"), BY_1252 }, { MS_STR("x-cp1252"), BY_1252 },
	{ MS_STR("iso-8859-2"), "ISO-8859-2" }, { MS_STR("iso8859-2"), "ISO-8859-2" },
	{ MS_STR("iso_8859-2"), "ISO-8859-2" }, { MS_STR("latin2"), "ISO-8859-2" },
	{ MS_STR("iso-8859-3"), "ISO-8859-3" }, { MS_STR("iso-8859-4"), "ISO-8859-4" },
	{ MS_STR("iso-8859-5"), "ISO-8859-5" }, { MS_STR("iso-8859-6"), "ISO-8859-6" },
	{ MS_STR("iso-8859-7"), "ISO-8859-7" }, { MS_STR("iso-8859-8"), "ISO-8859-8" },
	{ MS_STR("iso-8859-8-i"), "ISO-8859-8" }, { MS_STR("iso-8859-8-e"), "ISO-8859-8" },
	{ MS_STR("iso-8859-9"), "CP1254" }, { MS_STR("latin5"), "CP1254" },
	{ MS_STR("iso-8859-10"), "ISO-8859-10" }, { MS_STR("iso-8859-11"), "CP874" },
	{ MS_STR("iso-8859-13"), "ISO-8859-13" }, { MS_STR("iso-8859-14"), "ISO-8859-14" },
	{ MS_STR("iso-8859-15"), "ISO-8859-15" }, { MS_STR("iso8859-15"), "ISO-8859-15" },
	{ MS_STR("iso_8859-15"), "ISO-8859-15" }, { MS_STR("latin-9"), "ISO-8859-15" },
	{ MS_STR("latin9"), "ISO-8859-15" }, { MS_STR("iso-8859-16"), "ISO-8859-16" },
	{ MS_STR("windows-1250"), "CP1250" }, { MS_STR("cp1250"), "CP1250" },
	{ MS_STR("windows-1251"), "CP1251" }, { MS_STR("cp1251"), "CP1251" },
	{ MS_STR("windows-1253"), "CP1253" }, { MS_STR("cp1253"), "CP1253" },
	{ MS_STR("windows-1254"), "CP1254" }, { MS_STR("cp1254"), "CP1254" },
	{ MS_STR("windows-1255"), "CP1255" }, { MS_STR("cp1255"), "CP1255" },
	{ MS_STR("windows-1256"), "CP1256" }, { MS_STR("cp1256"), "CP1256" },
	{ MS_STR("windows-1257"), "CP1257" }, { MS_STR("cp1257"), "CP1257" },
	{ MS_STR("windows-1258"), "CP1258" }, { MS_STR("cp1258"), "CP1258" },
	{ MS_STR("windows-874"), "CP874" }, { MS_STR("cp874"), "CP874" },
	{ MS_STR("tis-620"), "CP874" },
	{ MS_STR("koi8-r"), "KOI8-R" }, { MS_STR("koi8-u"), "KOI8-U" },
	{ MS_STR("koi8-ru"), "KOI8-U" }, { MS_STR("koi8"), "KOI8-R" },
	{ MS_STR("macintosh"), "MACINTOSH" }, { MS_STR("mac"), "MACINTOSH" },
	{ MS_STR("x-mac-roman"), "MACINTOSH" },
	{ MS_STR("ibm437"), "CP437" }, { MS_STR("cp437"), "CP437" },
	{ MS_STR("ibm850"), "CP850" }, { MS_STR("cp850"), "CP850" },
	{ MS_STR("ibm852"), "CP852" }, { MS_STR("cp852"), "CP852" },
	{ MS_STR("ibm866"), "CP866" }, { MS_STR("cp866"), "CP866" },
	{ MS_STR("utf-16"), "UTF-16BE" }, { MS_STR("utf-16be"), "UTF-16BE" },
	{ MS_STR("utf-16le"), "UTF-16LE" },
	{ MS_STR("shift_jis"), "CP932" }, { MS_STR("shift-jis"), "CP932" },
	{ MS_STR("sjis"), "CP932" }, { MS_STR("x-sjis"), "CP932" },
	{ MS_STR("windows-31j"), "CP932" }, { MS_STR("cp932"), "CP932" },
	{ MS_STR("euc-jp"), "EUC-JP" }, { MS_STR("iso-2022-jp"), "ISO-2022-JP" },
	{ MS_STR("gb2312"), "GB18030" }, { MS_STR("gb_2312-80"), "GB18030" },
	{ MS_STR("gbk"), "GB18030" }, { MS_STR("x-gbk"), "GB18030" },
	{ MS_STR("cp936"), "GB18030" }, { MS_STR("windows-936"), "GB18030" },
	{ MS_STR("gb18030"), "GB18030" },
	{ MS_STR("big5"), "BIG5-HKSCS" }, { MS_STR("x-big5"), "BIG5-HKSCS" },
	{ MS_STR("cn-big5"), "BIG5-HKSCS" }, { MS_STR("big5-hkscs"), "BIG5-HKSCS" },
	{ MS_STR("cp950"), "CP950" },
	{ MS_STR("euc-kr"), "CP949" }, { MS_STR("ks_c_5601-1987"), "CP949" },
	{ MS_STR("cp949"), "CP949" }, { MS_STR("windows-949"), "CP949" },
	{ MS_STR("ksc5601"), "CP949" }, { MS_STR("iso-2022-kr"), "ISO-2022-KR" },
};

/* Windows-1252's octets 128 to 159; the others are Latin-1's. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
	0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};
/* clang-format on */

#define N_CHARSETS (sizeof(charsets) / sizeof(charsets[0]))

static const struct charset *
charset_find(struct ms_str name)
{
	name = ms_str_trim(name);
	for (size_t i = 0; i < N_CHARSETS; i++)
		if (ms_str_equal_ci(charsets[i].name, name))
			return &charsets[i];
	return NULL;
}

/* Held open for ever: the C library forgets a converter that nobody has open. */
static iconv_t prepared[N_CHARSETS];
static pthread_once_t prepared_once = PTHREAD_ONCE_INIT;

static void
prepare_all(void)
{
	for (size_t i = 0; i < N_CHARSETS; i++) {
		const char *converter = charsets[i].converter;

		if (i > 0 && strcmp(converter, charsets[i - 1].converter) == 0)
			prepared[i] = (iconv_t)-1;	/* nearly all aliases */
		else
			prepared[i] = iconv_open("UTF-8", converter);
	}
}

void
ms_charset_prepare(void)
{
	(void)pthread_once(&prepared_once, prepare_all);
}

bool
ms_charset_is_known(struct ms_str charset)
{
	return charset_find(charset) != NULL;
}

/* Adds as many whole characters as fit.  False: it is full. */
static bool
add_what_fits(struct ms_buf *out, struct ms_str utf8)
{
	size_t left = out->len < out->max ? out->max - out->len : 0;
	bool fits = utf8.len <= left;

	if (!fits) {
		utf8.len = left;
		while (utf8.len > 0 && ((unsigned char)utf8.data[utf8.len] & 0xc0) == 0x80)
			utf8.len--;
	}
	ms_buf_add(out, utf8);
	return fits && ms_buf_ok(out);
}

static void
decode_utf8(struct ms_buf *out, struct ms_str in)
{
	size_t at = 0, good = 0;	/* good: first octet not yet written */

	while (at < in.len) {
		size_t n = utf8_sequence(in.data + at, in.len - at);

		if (n > 0) {
			at += n;
			continue;
		}
		if (!add_what_fits(out, ms_str_sub(in, good, at - good)) ||
		    !add_what_fits(out, ms_str_of(UTF8_REPLACEMENT, 3)))
			return;
		good = ++at;
	}
	(void)add_what_fits(out, ms_str_from(in, good));
}

static void
decode_1252(struct ms_buf *out, struct ms_str in)
{
	char block[BLOCK];
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.data[i];

		n += utf8_put(block + n, c >= 128 && c < 160 ? windows_1252[c - 128] : c);
		if (n > BLOCK - 4 || i + 1 == in.len) {
			if (!add_what_fits(out, ms_str_of(block, n)))
				return;
			n = 0;
		}
	}
}

/* RFC 2781 4.3: a byte order mark tells; without one big-endian. */
static const char *
utf16_order(struct ms_str *in)
{
	bool is_le = in->len >= 2 && in->data[0] == '\xff' && in->data[1] == '\xfe';
	bool is_be = in->len >= 2 && in->data[0] == '\xfe' && in->data[1] == '\xff';

	if (is_le || is_be)
		*in = ms_str_from(*in, 2);
	return is_le ? "UTF-16LE" : "UTF-16BE";
}

static ms_status
decode_by_iconv(struct ms_buf *out, const char *converter, struct ms_str octets)
{
	iconv_t cd = iconv_open("UTF-8", converter);
	/* iconv() does not write through it, whatever its type says. */
	char *in = (char *)(uintptr_t)octets.data;
	size_t in_left = octets.len;
	bool goes_on = true;

	if (cd == (iconv_t)-1)
		return MS_UNSUPPORTED;
	while (goes_on) {
		char block[BLOCK], *to = block;
		size_t to_left = sizeof(block) - 3;	/* leaves room for U+FFFD */
		bool is_last = in_left == 0;
		size_t done = iconv(cd, is_last ? NULL : &in, is_last ? NULL : &in_left,
		    &to, &to_left);
		struct ms_str piece = { block, (size_t)(to - block) };

		if (done == (size_t)-1 && errno != E2BIG && in_left > 0) {
			/* One octet is bad, or the last character is cut. */
			for (int i = 0; i < 3; i++)
				block[piece.len++] = UTF8_REPLACEMENT[i];
			in_left = errno == EINVAL ? 0 : in_left - 1;
			in++;
		}
		goes_on = add_what_fits(out, piece) && !is_last;
	}
	iconv_close(cd);
	return MS_OK;
}

ms_status
ms_charset_decode(struct ms_buf *out, struct ms_str charset, struct ms_str octets)
{
	const struct charset *c = charset_find(charset);
	const char *converter;

	if (c == NULL)
		return MS_UNSUPPORTED;
	converter = c->converter;
	if (ms_str_is_ci(c->name, "utf-16"))
		converter = utf16_order(&octets);
	if (ms_str_is(ms_str_c(converter), BY_UTF8))
		decode_utf8(out, octets);
	else if (ms_str_is(ms_str_c(converter), BY_1252))
		decode_1252(out, octets);
	else if (octets.len > 0)
		return decode_by_iconv(out, converter, octets);
	return MS_OK;
}
