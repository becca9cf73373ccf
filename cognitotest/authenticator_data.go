package cognitotest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// The flags of authenticator data.
const (
	flagPresent  = 1 << 0
	flagVerified = 1 << 2
	flagAttested = 1 << 6
)

// authenticatorData is what an authenticator signs.
type authenticatorData struct {
	rpIDHash []byte
	flags    byte
	counter  uint32
	rest     []byte // the new credential, when one is made
}

func parseAuthenticatorData(b []byte) (authenticatorData, bool) {
	const size = sha256.Size + 1 + 4
	if len(b) < size {
		return authenticatorData{}, false
	}
	return authenticatorData{b[:32], b[32], binary.BigEndian.Uint32(b[33:]), b[size:]}, true
}

func (d authenticatorData) of(relyingParty string) bool {
	sum := sha256.Sum256([]byte(relyingParty))
	return subtle.ConstantTimeCompare(d.rpIDHash, sum[:]) == 1
}

// present reports whether the user was there, and where that is wanted verified.
func (d authenticatorData) present(verified bool) bool {
	return d.flags&flagPresent != 0 && (!verified || d.flags&flagVerified != 0)
}

// attested reads a new credential: its ID and its public key.
func (d authenticatorData) attested() (id []byte, key publicKey, ok bool) {
	const aaguid = 16
	if d.flags&flagAttested == 0 || len(d.rest) < aaguid+2 {
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

// clientData is what a browser says about a ceremony.
type clientData struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	Origin    string `json:"origin"`
}

func parseClientData(raw []byte) (clientData, bool) {
	var c clientData
	err := json.Unmarshal(raw, &c)
	return c, err == nil
}

// allows reports whether passkeys are used on the pages of origin.
func (w *WebAuthn) allows(origin string) bool {
	if w.Origins != nil {
		return slices.Contains(w.Origins, origin)
	}
	u, err := url.Parse(origin)
	if err != nil || u.Path != "" {
		return false
	}
	host := u.Hostname()
	return (u.Scheme == "https" || u.Scheme == "http" && host == "localhost") &&
		(host == w.RelyingPartyID || strings.HasSuffix(host, "."+w.RelyingPartyID))
}

func encodeURL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decodeURL(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}
