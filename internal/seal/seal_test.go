package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/seal"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, seal.KeySize) }

func box(t *testing.T, keys ...[]byte) seal.Box {
	t.Helper()
	b, err := seal.New(keys...)
	require.NoError(t, err)
	return b
}

func TestOpen(t *testing.T) {
	t.Parallel()
	const secret = "hush-hush"
	one, both, other, none := box(t, key(1)), box(t, key(2), key(1)), box(t, key(3)), box(t)
	value, err := one.Seal("tokens", "id", secret)
	require.NoError(t, err)
	assert.NotContains(t, string(value), secret)
	again, err := one.Seal("tokens", "id", secret)
	require.NoError(t, err)
	assert.NotEqual(t, value, again, "the nonce is random")
	open, err := none.Seal("tokens", "id", secret)
	require.NoError(t, err)
	flipped := bytes.Clone(value)
	flipped[len(flipped)-1] ^= 1

	for name, c := range map[string]struct {
		box      seal.Box
		kind, id string
		value    []byte
		err      string
	}{
		"the same key":          {one, "tokens", "id", value, ""},
		"after a rotation":      {both, "tokens", "id", value, ""},
		"another key":           {other, "tokens", "id", value, "none of the keys"},
		"another session":       {one, "tokens", "id2", value, "none of the keys"},
		"another kind":          {one, "device", "id", value, "none of the keys"},
		"another cut":           {one, "token", "s\x00id", value, "none of the keys"},
		"changed":               {one, "tokens", "id", flipped, "none of the keys"},
		"cut short":             {one, "tokens", "id", value[:5], "none of the keys"},
		"nothing":               {one, "tokens", "id", nil, "got none"},
		"too long":              {one, "tokens", "id", make([]byte, 300<<10), "at most"},
		"not encrypted":         {one, "tokens", "id", open, "want an encrypted value"},
		"unknown":               {one, "tokens", "id", []byte("x"), "known format"},
		"no key, not encrypted": {none, "tokens", "id", open, ""},
		"no key":                {none, "tokens", "id", value, "none of the keys"},
		"no key, no JSON":       {none, "tokens", "id", []byte("p{" + secret), "want JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			err := c.box.Open(c.kind, c.id, c.value, &got)
			if c.err == "" {
				require.NoError(t, err)
				assert.Equal(t, secret, got)
				return
			}
			require.ErrorContains(t, err, c.err)
			assert.Empty(t, got)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	for want, bad := range map[string][]byte{"got 0": nil, "got 16": make([]byte, 16), "got 33": make([]byte, 33), "got zeros": make([]byte, 32)} {
		_, err := seal.New(key(1), bad)
		require.ErrorContains(t, err, "key 2: want")
		assert.True(t, strings.HasSuffix(err.Error(), want), "%v", err)
	}
}
