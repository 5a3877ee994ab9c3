/* The byte classes of HTTP/1.
 *
 * Sources: RFC 9110 5.6.2 (tchar), 5.5 (field-value), RFC 3986 3.2.2 (host), RFC 9112 3.2
 * (request-target). A target is taken with any visible byte but '#': the reserved ones that RFC
 * 3986 leaves out of paths ("|", "{", "\"") are sent by real clients, name nothing here, and cut
 * no message in two. Called by http1.c and http1_body.c. Constant. */
#include "front/http1_bytes.h"

enum {
	V = BYTE_VALUE,
	UV = BYTE_TARGET | V,
	TUV = BYTE_TOKEN | UV,
	HUV = BYTE_HOST | UV,
	THUV = BYTE_TOKEN | HUV,
	ALL = BYTE_METHOD | THUV,
};

const unsigned char http1_bytes[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = THUV,
    ['"'] = UV,
    ['#'] = BYTE_TOKEN | V,
    ['$' ... '\''] = THUV,
    ['(' ... ')'] = HUV,
    ['*' ... '+'] = THUV,
    [','] = UV,
    ['-'] = ALL,
    ['.'] = THUV,
    ['/'] = UV,
    ['0' ... '9'] = THUV,
    [':' ... ';'] = HUV,
    ['<'] = UV,
    ['='] = HUV,
    ['>' ... '@'] = UV,
    ['A' ... 'Z'] = ALL,
    ['['] = HUV,
    ['\\'] = UV,
    [']'] = HUV,
    ['^'] = TUV,
    ['_'] = ALL,
    ['`'] = TUV,
    ['a' ... 'z'] = THUV,
    ['{'] = UV,
    ['|'] = TUV,
    ['}'] = UV,
    ['~'] = THUV,
    [0x80 ... 0xff] = V,
};
