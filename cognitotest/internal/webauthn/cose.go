package webauthn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// The COSE algorithms of passkeys (RFC 9053).
const (
	ES256 = -7   // ECDSA with SHA-256, on P-256 here
	RS256 = -257 // RSASSA-PKCS1-v1_5 with SHA-256
)

// The parameters of COSE keys.
const (
	coseKty, coseAlg             = int64(1), int64(3)
	coseCrv, coseX, coseY        = int64(-1), int64(-2), int64(-3)
	coseN, coseE                 = int64(-1), int64(-2)
	coseKtyEC2, coseKtyRSA       = int64(2), int64(3)
	coseP256               int64 = 1
)

// PublicKey is a passkey's key: *ecdsa.PublicKey on P-256, or *rsa.PublicKey.
type PublicKey crypto.PublicKey

// parseCOSE reads a public key for ES256 or RS256.
func parseCOSE(m map[any]any) (PublicKey, error) {
	switch alg, kty := m[coseAlg], m[coseKty]; {
	case alg == int64(ES256) && kty == coseKtyEC2 && m[coseCrv] == coseP256:
		x, _ := m[coseX].([]byte)
		y, _ := m[coseY].([]byte)
		if len(x) != 32 || len(y) != 32 {
			return nil, errCBOR
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case alg == int64(RS256) && kty == coseKtyRSA:
		n, _ := m[coseN].([]byte)
		e, _ := m[coseE].([]byte)
		if len(n) < 256 || len(n) > 1024 || len(e) == 0 || len(e) > 3 {
			return nil, errCBOR
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	default:
		return nil, errCBOR
	}
}

// VerifySignature verifies a signature of SHA-256 over message.
func VerifySignature(key PublicKey, message, signature []byte) bool {
	sum := sha256.Sum256(message)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	default:
		return false
	}
}

// MarshalKey encodes an ECDSA key on P-256 or an RSA key. It panics on other keys.
func MarshalKey(public PublicKey) []byte {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic("webauthn: " + err.Error())
		}
		b := cborPairs(5, [][2]int64{{coseKty, coseKtyEC2}, {coseAlg, ES256}, {coseCrv, coseP256}})
		b = cborPair(b, coseX, point[1:33])
		return cborPair(b, coseY, point[33:])
	case *rsa.PublicKey:
		b := cborPairs(4, [][2]int64{{coseKty, coseKtyRSA}, {coseAlg, RS256}})
		b = cborPair(b, coseN, key.N.Bytes())
		return cborPair(b, coseE, big.NewInt(int64(key.E)).Bytes())
	default:
		panic("webauthn: no such key")
	}
}

// MarshalAttestation encodes an attestation object of the format "none" around authenticator data.
func MarshalAttestation(data []byte) []byte {
	object := cborAppend(cborAppend(nil, cborMap, 3), cborText, 3)
	object = append(cborAppend(append(object, "fmt"...), cborText, 4), "none"...)
	object = cborAppend(append(cborAppend(object, cborText, 7), "attStmt"...), cborMap, 0)
	object = append(cborAppend(object, cborText, 8), "authData"...)
	return append(cborAppend(object, cborBytes, len(data)), data...)
}
