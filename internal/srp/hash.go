package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"filippo.io/bigmod"
)

// Identity identifies the owner of a password: a user in a pool, or a device in its group.
type Identity struct {
	// Namespace is the pool's name, which is the part of the pool ID after "_", or the device's
	// group key.
	Namespace string
	// Name is USER_ID_FOR_SRP, or the device's key.
	Name string
}

// keyInfo and keySize are the parameters that derive the signing key from the shared secret.
const (
	keyInfo = "Caldera Derived Key"
	keySize = 16
)

// SecretHash returns the base64 encoding of the HMAC-SHA-256, keyed with the app client's secret,
// of the username and the client ID.
func SecretHash(username, clientID, clientSecret string) string {
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// passwordExponent returns x = H(pad(salt) | H(namespace | name | ":" | password)). It uses the
// bytes of the password unchanged; no client normalizes Unicode.
func passwordExponent(salt []byte, id Identity, password string) [secretSize]byte {
	inner := sha256.Sum256([]byte(id.Namespace + id.Name + ":" + password))
	return sha256.Sum256(append(append([]byte{}, salt...), inner[:]...))
}

// scrambler returns u = H(pad(A) | pad(B)), which must not be 0.
func scrambler(a, b []byte) ([]byte, error) {
	u := sha256.Sum256(append(append([]byte{}, a...), b...))
	return nonZero(u)
}

// nonZero rejects u = 0, for which S would not depend on the password.
func nonZero(u [sha256.Size]byte) ([]byte, error) {
	if u == [sha256.Size]byte{} {
		return nil, fmt.Errorf("u: %w: it is 0", ErrIllegalParameter)
	}
	return u[:], nil
}

// signingKey returns the key of both halves, derived from u and the shared secret S. Its input has
// the length of pad(S), as the protocol requires.
func signingKey(u []byte, s *bigmod.Nat) ([]byte, error) {
	return hkdf.Key(sha256.New, pad(s.Bytes(group().n)), pad(u), keyInfo, keySize)
}

// sign returns the proof of the key: the HMAC-SHA-256 of the identity, the server's block and the
// time.
func sign(key []byte, id Identity, secretBlock []byte, timestamp string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id.Namespace + id.Name))
	mac.Write(secretBlock)
	mac.Write([]byte(timestamp))
	return mac.Sum(nil)
}
