// Package webauthn reads and writes what authenticators and browsers exchange with a relying party:
// attestations, assertions and the COSE keys in them. It knows nothing of user pools.
package webauthn

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
)

// The flags of authenticator data.
const (
	FlagPresent  = 1 << 0
	FlagVerified = 1 << 2
	FlagAttested = 1 << 6
)

// AuthenticatorData is what an authenticator signs.
type AuthenticatorData struct {
	rpIDHash []byte
	flags    byte
	Counter  uint32
	rest     []byte // the new credential, when one is made
}

// ParseAuthenticatorData parses authenticator data. It reports false if b is too short.
func ParseAuthenticatorData(b []byte) (AuthenticatorData, bool) {
	const size = sha256.Size + 1 + 4
	if len(b) < size {
		return AuthenticatorData{}, false
	}
	return AuthenticatorData{b[:32], b[32], binary.BigEndian.Uint32(b[33:]), b[size:]}, true
}

// Of reports whether the data was made for relyingParty.
func (d AuthenticatorData) Of(relyingParty string) bool {
	sum := sha256.Sum256([]byte(relyingParty))
	return subtle.ConstantTimeCompare(d.rpIDHash, sum[:]) == 1
}

// Present reports whether the user was there, and where that is wanted verified.
func (d AuthenticatorData) Present(verified bool) bool {
	return d.flags&FlagPresent != 0 && (!verified || d.flags&FlagVerified != 0)
}

// Attested reads a new credential: its ID and its public key.
func (d AuthenticatorData) Attested() (id []byte, key PublicKey, ok bool) {
	const aaguid = 16
	if d.flags&FlagAttested == 0 || len(d.rest) < aaguid+2 {
		return nil, nil, false
	}
	b := d.rest[aaguid:]
	size := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; size == 0 || size > 1023 || size > len(b) {
		return nil, nil, false
	}
	item, _, err := decodeCBOR(b[size:])
	if err != nil {
		return nil, nil, false
	}
	m, _ := item.(map[any]any)
	key, err = parseCOSE(m)
	return b[:size], key, err == nil
}

// ClientData is what a browser says about a ceremony.
type ClientData struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	Origin    string `json:"origin"`
}

// ParseClientData parses client data. It reports false if raw is not JSON.
func ParseClientData(raw []byte) (ClientData, bool) {
	var c ClientData
	err := json.Unmarshal(raw, &c)
	return c, err == nil
}

// Encode encodes b as base64url without padding.
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Decode decodes base64url without padding. It returns nil if text is something else.
func Decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// ParseAttestation finds the authenticator data in an attestation object.
func ParseAttestation(object string) (AuthenticatorData, bool) {
	item, rest, err := decodeCBOR(Decode(object))
	if err != nil || len(rest) > 0 {
		return AuthenticatorData{}, false
	}
	m, _ := item.(map[any]any)
	raw, _ := m["authData"].([]byte)
	return ParseAuthenticatorData(raw)
}
