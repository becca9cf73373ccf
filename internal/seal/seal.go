// Package seal encodes and encrypts the values that the stores in contrib keep in a database.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// KeySize is the size of a key in bytes.
const KeySize = 32

// maxSize is the maximum size in bytes of a value to open.
const maxSize = 256 << 10

// The first byte of a value determines its encoding.
const (
	plain  = 'p' // JSON
	sealed = 's' // AES-256-GCM: a random nonce of 12 bytes, the ciphertext of the JSON, the tag
)

// Box seals and opens values. The zero Box does not encrypt. A Box is safe for concurrent use.
type Box struct {
	keys []cipher.AEAD // the first one seals
}

// New returns a Box that uses keys. Each key has KeySize bytes. The first key seals, and all keys
// open. Without keys the Box does not encrypt.
func New(keys ...[]byte) (Box, error) {
	var box Box
	for i, key := range keys {
		if len(key) != KeySize {
			return Box{}, fmt.Errorf("key %d: want %d bytes, got %d", i+1, KeySize, len(key))
		}
		if !slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) {
			return Box{}, fmt.Errorf("key %d: want random bytes, got zeros", i+1)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return Box{}, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return Box{}, err
		}
		box.keys = append(box.keys, aead)
	}
	return box, nil
}

// Seal encodes v as JSON and encrypts it. The value can be opened only with the same kind and id.
func (b Box) Seal(kind, id string, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(b.keys) == 0 {
		return append([]byte{plain}, text...), nil
	}
	//nolint:gosec // the nonce is random; it is appended to the constant
	return b.keys[0].Seal([]byte{sealed}, nil, text, additional(kind, id)), nil
}

// Open decodes value into v. It rejects an unencrypted value if the Box has keys, and an encrypted
// value if it has none. The error contains nothing of the value.
func (b Box) Open(kind, id string, value []byte, v any) error {
	switch {
	case len(value) == 0:
		return errors.New("want a value, got none")
	case len(value) > maxSize:
		return fmt.Errorf("want at most %d bytes, got more", maxSize)
	case value[0] == plain && len(b.keys) == 0:
		return decode(value[1:], v)
	case value[0] == plain:
		return errors.New("want an encrypted value")
	case value[0] != sealed:
		return errors.New("want a value of a known format")
	}
	for _, key := range b.keys {
		if text, err := key.Open(nil, nil, value[1:], additional(kind, id)); err == nil {
			return decode(text, v)
		}
	}
	return errors.New("none of the keys opens the value")
}

func decode(text []byte, v any) error {
	if json.Unmarshal(text, v) != nil { // its error may quote the text
		return errors.New("want JSON")
	}
	return nil
}

// additional returns the additional data that binds a value to its place. kind must not contain
// NUL.
func additional(kind, id string) []byte { return []byte("cognito\x00" + kind + "\x00" + id) }
