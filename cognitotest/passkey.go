package cognitotest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
)

// Passkey is an authenticator and the browser around it, for testing registration and sign-in by passkey. It holds one
// credential. Printed or logged it shows no key. It is not safe for concurrent use.
type Passkey struct {
	// Origin is the page that it is used on. If empty, it is "https://" and the relying party, or "http://localhost"
	// for that one.
	Origin string
	// Unverified makes it not know its user, as one without a PIN.
	Unverified bool
	// RSA makes its key one for RS256; else it is for ES256.
	RSA bool

	id      []byte
	user    string // the handle
	key     crypto.Signer
	counter uint32
}

const passkeyIDSize = 16

// NewPasskey makes an authenticator without a credential.
func NewPasskey() *Passkey { return &Passkey{} }

// Format prints that it is a Passkey, whatever the verb.
func (k Passkey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Passkey{}") }

// LogValue logs that it is a Passkey.
func (k Passkey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

// Create answers the CredentialCreationOptions of StartWebAuthnRegistration, as JSON, with a new credential for
// CompleteWebAuthnRegistration. It fails when options are no JSON or exclude the credential that it holds.
func (k *Passkey) Create(options string) (string, error) {
	var want creationOptions
	if err := json.Unmarshal([]byte(options), &want); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Create: %w", err)
	}
	if k.id != nil && slices.Contains(want.ExcludeCredentials, credentialRef{encodeURL(k.id), "public-key"}) {
		return "", errors.New("cognitotest: Passkey.Create: the credential is there already")
	}
	if err := k.makeKey(); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Create: %w", err)
	}
	k.id, k.user = make([]byte, passkeyIDSize), want.User.ID
	_, _ = rand.Read(k.id) // it never fails
	credential := append(make([]byte, 16), 0, passkeyIDSize)
	credential = append(append(credential, k.id...), k.publicKey()...)
	data := append(k.data(want.RP.ID, flagAttested), credential...)
	object := cborAppend(cborAppend(nil, cborMap, 3), cborText, 3)
	object = append(cborAppend(append(object, "fmt"...), cborText, 4), "none"...)
	object = cborAppend(append(cborAppend(object, cborText, 7), "attStmt"...), cborMap, 0)
	object = append(cborAppend(object, cborText, 8), "authData"...)
	object = append(cborAppend(object, cborBytes, len(data)), data...)
	return k.credential(map[string]any{
		"clientDataJSON":    encodeURL(k.clientData("webauthn.create", want.Challenge, want.RP.ID)),
		"attestationObject": encodeURL(object), "transports": []string{"internal"},
	})
}

// Get answers CREDENTIAL_REQUEST_OPTIONS with an assertion, which is what CREDENTIAL is. It fails when options are no
// JSON or do not allow the credential.
func (k *Passkey) Get(options string) (string, error) {
	var want requestOptions
	if err := json.Unmarshal([]byte(options), &want); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Get: %w", err)
	}
	if k.id == nil || len(want.AllowCredentials) > 0 && !slices.Contains(want.AllowCredentials, credentialRef{encodeURL(k.id), "public-key"}) {
		return "", errors.New("cognitotest: Passkey.Get: no credential that the options allow")
	}
	k.counter++
	data, client := k.data(want.RPID, 0), k.clientData("webauthn.get", want.Challenge, want.RPID)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Get: %w", err)
	}
	return k.credential(map[string]any{
		"clientDataJSON": encodeURL(client), "authenticatorData": encodeURL(data),
		"signature": encodeURL(signature), "userHandle": k.user,
	})
}

func (k *Passkey) makeKey() (err error) {
	if k.RSA {
		k.key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return err
}

// publicKey is the key in COSE.
func (k *Passkey) publicKey() []byte {
	switch key := k.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic("cognitotest: " + err.Error()) // the key was made here
		}
		b := cborPairs(5, [][2]int64{{coseKty, coseKtyEC2}, {coseAlg, coseES256}, {coseCrv, coseP256}})
		b = cborPair(b, coseX, point[1:33])
		return cborPair(b, coseY, point[33:])
	case *rsa.PublicKey:
		b := cborPairs(4, [][2]int64{{coseKty, coseKtyRSA}, {coseAlg, coseRS256}})
		b = cborPair(b, coseN, key.N.Bytes())
		return cborPair(b, coseE, big.NewInt(int64(key.E)).Bytes())
	default:
		panic("cognitotest: no such key")
	}
}

// data is the authenticator data up to the credential.
func (k *Passkey) data(relyingParty string, flags byte) []byte {
	sum := sha256.Sum256([]byte(relyingParty))
	if flags |= flagPresent; !k.Unverified {
		flags |= flagVerified
	}
	return binary.BigEndian.AppendUint32(append(sum[:], flags), k.counter)
}

func (k *Passkey) clientData(kind, challenge, relyingParty string) []byte {
	origin := k.Origin
	switch {
	case origin != "":
	case relyingParty == "localhost":
		origin = "http://localhost"
	default:
		origin = "https://" + relyingParty
	}
	raw, err := json.Marshal(clientData{Type: kind, Challenge: challenge, Origin: origin})
	if err != nil {
		panic("cognitotest: " + err.Error()) // three texts
	}
	return raw
}

// credential is the JSON of either response.
func (k *Passkey) credential(response map[string]any) (string, error) {
	id := encodeURL(k.id)
	raw, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
	return string(raw), err
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
