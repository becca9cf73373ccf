package webauthn

import (
	"encoding/binary"
	"errors"
)

var errCBOR = errors.New("want CBOR of the kind that authenticators send")

// The major types of CBOR that authenticators send; tags and floats are not among them.
const (
	cborUint   = 0
	cborNegint = 1
	cborBytes  = 2
	cborText   = 3
	cborArray  = 4
	cborMap    = 5
	cborSimple = 7
)

// maxCBORDepth is how deep an item may be: an attestation has 4 levels.
const maxCBORDepth = 6

// decodeCBOR reads the first item of b (RFC 8949, definite lengths only): an int64, []byte, string,
// []any, bool, nil or map[any]any with keys of int64 and string. It returns what is left of b.
func decodeCBOR(b []byte) (any, []byte, error) { return decodeItem(b, maxCBORDepth) }

func decodeItem(b []byte, depth int) (any, []byte, error) {
	major, n, b, err := cborHead(b)
	if err != nil || depth == 0 {
		return nil, nil, errCBOR
	}
	switch major {
	case cborUint, cborNegint:
		if n > 1<<62 {
			return nil, nil, errCBOR
		}
		number := int64(n)
		if major == cborNegint {
			number = -1 - number
		}
		return number, b, nil
	case cborBytes, cborText:
		if n > uint64(len(b)) {
			return nil, nil, errCBOR
		}
		if major == cborText {
			return string(b[:n]), b[n:], nil
		}
		return b[:n:n], b[n:], nil
	case cborArray:
		return decodeArray(b, n, depth)
	case cborMap:
		return decodeMap(b, n, depth)
	case cborSimple:
		return decodeSimple(b, n)
	default:
		return nil, nil, errCBOR
	}
}

// cborHead reads an item's head: its major type and its number or length.
func cborHead(b []byte) (major byte, n uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, 0, nil, errCBOR
	}
	major, info := b[0]>>5, b[0]&0x1f
	b = b[1:]
	if info < 24 {
		return major, uint64(info), b, nil
	}
	size := 1 << (info - 24)
	if info > 27 || len(b) < size || major == cborSimple {
		return 0, 0, nil, errCBOR
	}
	var wide [8]byte
	copy(wide[8-size:], b)
	return major, binary.BigEndian.Uint64(wide[:]), b[size:], nil
}

func decodeArray(b []byte, n uint64, depth int) (any, []byte, error) {
	if n > uint64(len(b)) { // each item is a byte at least
		return nil, nil, errCBOR
	}
	list := make([]any, 0, n)
	for range n {
		item, rest, err := decodeItem(b, depth-1)
		if err != nil {
			return nil, nil, err
		}
		list, b = append(list, item), rest
	}
	return list, b, nil
}

func decodeMap(b []byte, n uint64, depth int) (any, []byte, error) {
	if n > uint64(len(b))/2 {
		return nil, nil, errCBOR
	}
	m := make(map[any]any, n)
	for range n {
		key, rest, err := decodeItem(b, depth-1)
		if err != nil {
			return nil, nil, err
		}
		switch key.(type) {
		case int64, string:
		default:
			return nil, nil, errCBOR
		}
		if _, twice := m[key]; twice {
			return nil, nil, errCBOR
		}
		if m[key], b, err = decodeItem(rest, depth-1); err != nil {
			return nil, nil, err
		}
	}
	return m, b, nil
}

func decodeSimple(b []byte, n uint64) (any, []byte, error) {
	switch n {
	case 20, 21:
		return n == 21, b, nil
	case 22:
		return nil, b, nil
	default:
		return nil, nil, errCBOR
	}
}

// cborAppend appends the head of an item: its major type and its number or length, below 65536.
func cborAppend(b []byte, major byte, n int) []byte {
	low, high := byte(n), byte(n>>8) //nolint:gosec // the two bytes are what is wanted
	switch {
	case n < 24:
		return append(b, major<<5|low)
	case n < 256:
		return append(b, major<<5|24, low)
	default:
		return append(b, major<<5|25, high, low)
	}
}

func cborInt(b []byte, n int64) []byte {
	if n < 0 {
		return cborAppend(b, cborNegint, int(-1-n))
	}
	return cborAppend(b, cborUint, int(n))
}

// cborPairs begins a map of size entries with those whose values are numbers.
func cborPairs(size int, pairs [][2]int64) []byte {
	b := cborAppend(nil, cborMap, size)
	for _, pair := range pairs {
		b = cborInt(cborInt(b, pair[0]), pair[1])
	}
	return b
}

func cborPair(b []byte, key int64, value []byte) []byte {
	return append(cborAppend(cborInt(b, key), cborBytes, len(value)), value...)
}
