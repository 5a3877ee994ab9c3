/* Hexadecimal and base64 onto a buf, hexadecimal and percent-encoding back. Pure; called
 * wherever bytes go into text: key hashes, credentials, ids. What does not fit is left out whole
 * and shows in buf_is_over(). */
#include "base/encode.h"

void encode_hex(struct buf *out, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *at = buf_room(out, bytes.len * 2);

	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.ptr[i];

		at[2 * i] = digits[byte >> 4];
		at[2 * i + 1] = digits[byte & 15];
	}
	buf_grew(out, bytes.len * 2);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int encode_read_hex(struct str hex, uint8_t *out, size_t len)
{
	if (hex.len / 2 != len || hex.len % 2)
		return -1;
	for (size_t i = 0; i < hex.len; i++)
		if (hex_digit(hex.ptr[i]) < 0)
			return -1;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(hex.ptr[2 * i]) * 16 + hex_digit(hex.ptr[2 * i + 1]));
	return 0;
}

void encode_read_percent(struct buf *out, struct str text)
{
	uint8_t byte;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '%' && encode_read_hex(str_part(text, i + 1, 2), &byte, 1) == 0)
			i += 2;
		else
			byte = (uint8_t)text.ptr[i];
		buf_put_byte(out, (char)byte);
	}
}

static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void encode_percent(struct buf *out, struct str text, struct str kept)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.ptr[i];

		if (is_unreserved(text.ptr[i]) || str_find_byte(kept, text.ptr[i]) < kept.len)
			buf_put_byte(out, text.ptr[i]);
		else
			buf_put(out,
			        (struct str){(char[]){'%', digits[c >> 4], digits[c & 15]}, 3});
	}
}

static const char plain_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 1..3 bytes as 4 characters, of which the first 1 + count say something. */
static void put_group(char out[4], struct str group, const char *alphabet)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 | (i < group.len ? (uint8_t)group.ptr[i] : 0);
	for (int i = 0; i < 4; i++)
		out[i] = alphabet[bits >> (18 - 6 * i) & 63];
}

void encode_base64(struct buf *out, struct str bytes)
{
	size_t len = (bytes.len + 2) / 3 * 4, rest = bytes.len % 3;
	char *at = buf_room(out, len);

	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i += 3)
		put_group(at + i / 3 * 4, str_part(bytes, i, 3), plain_alphabet);
	for (size_t i = rest ? rest : 3; i < 3; i++)
		at[len - 3 + i] = '=';
	buf_grew(out, len);
}

void encode_base64url(struct buf *out, struct str bytes)
{
	size_t len = (bytes.len + 2) / 3 * 4, rest = bytes.len % 3;
	char *at = buf_room(out, len);

	if (at == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i += 3)
		put_group(at + i / 3 * 4, str_part(bytes, i, 3), url_alphabet);
	buf_grew(out, rest ? len - 3 + rest : len);
}

/* 0..63; -1: not of the alphabets. */
static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* 2..4 characters as 1..3 bytes. */
static int read_group(char out[3], struct str group)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i < group.len ? base64_digit(group.ptr[i]) : 0;

		if (digit < 0)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
	}
	for (int i = 0; i < 3; i++)
		out[i] = (char)(bits >> (16 - 8 * i));
	return 0;
}

int encode_read_base64(struct buf *out, struct str text)
{
	char bytes[3];

	for (int i = 0; i < 2 && text.len && text.ptr[text.len - 1] == '='; i++)
		text.len--;
	if (text.len % 4 == 1)
		return -1;
	for (size_t i = 0; i < text.len; i += 4) {
		struct str group = str_part(text, i, 4);

		if (read_group(bytes, group) < 0)
			return -1;
		buf_put(out, (struct str){bytes, group.len - 1});
	}
	return 0;
}
