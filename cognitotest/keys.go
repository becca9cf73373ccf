package cognitotest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"sync"
)

// signingKey is one of a pool's keys.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// keyring holds a pool's keys. As in the service, ID and access tokens are signed with different
// keys.
type keyring struct {
	seed    string // makes the key IDs of pools differ that share keys
	id      signingKey
	access  signingKey
	retired []signingKey // no longer published; the service itself still knows them
	taken   int          // from the process's keys
}

func newKeyring(seed string) keyring {
	k := keyring{seed: seed}
	k.rotate()
	return k
}

// rotate switches to two keys that this pool has not used yet.
func (k *keyring) rotate() {
	if k.id.private != nil {
		k.retired = append(k.retired, k.id, k.access)
	}
	keys := processKeys.take(k.taken, 2)
	k.taken += 2
	k.id, k.access = k.name(keys[0]), k.name(keys[1])
}

// name returns a key's ID: 44 characters, like the service's.
func (k *keyring) name(key *rsa.PrivateKey) signingKey {
	sum := sha256.Sum256(append([]byte(k.seed), key.N.Bytes()...))
	return signingKey{base64.StdEncoding.EncodeToString(sum[:]), key}
}

// find returns a key by its ID, including retired ones.
func (k *keyring) find(id string) *rsa.PublicKey {
	for _, key := range append([]signingKey{k.id, k.access}, k.retired...) {
		if key.id == id {
			return &key.private.PublicKey
		}
	}
	return nil
}

// processKeys are RSA keys that all pools of the process share, because generating one is slow.
var processKeys rsaKeys

type rsaKeys struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

// take returns n keys from start on. It generates missing ones in parallel.
func (r *rsaKeys) take(start, n int) []*rsa.PrivateKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	have := len(r.keys)
	if missing := start + n - have; missing > 0 {
		r.keys = append(r.keys, make([]*rsa.PrivateKey, missing)...)
		var wg sync.WaitGroup
		for i := have; i < len(r.keys); i++ {
			wg.Go(func() {
				key, err := rsa.GenerateKey(rand.Reader, 2048)
				if err != nil {
					panic("cognitotest: " + err.Error()) // the random source never fails
				}
				r.keys[i] = key
			})
		}
		wg.Wait()
	}
	return r.keys[start : start+n]
}

// RotateKeys gives the pool new signing keys. The key set then contains only those, so that earlier
// tokens no longer verify for clients that fetch it again. The pool's own operations still accept
// them.
func (s *Server) RotateKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.keys.rotate()
}

// jwk is a public key in the key set.
type jwk struct {
	Alg string `json:"alg"`
	E   string `json:"e"`
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	Use string `json:"use"`
}

func newJWK(key signingKey) jwk {
	encode := base64.RawURLEncoding.EncodeToString
	return jwk{
		Alg: "RS256", Kid: key.id, Kty: "RSA", Use: "sig",
		N: encode(key.private.N.Bytes()), E: encode(big.NewInt(int64(key.private.E)).Bytes()),
	}
}

func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	keys := s.service.at(r.URL.Path).keys
	set := map[string][]jwk{"keys": {newJWK(keys.id), newJWK(keys.access)}}
	s.mu.Unlock()
	writeJSON(w, set)
}

func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	cfg := &s.service.at(r.URL.Path).cfg
	s.mu.Unlock()
	writeJSON(w, map[string]any{
		"issuer": cfg.Issuer, "jwks_uri": s.URL + "/" + cfg.UserPoolID + jwksPath,
		"response_types_supported": []string{"code", "token"},
		"subject_types_supported":  []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"authorization_endpoint": s.URL + authorizePath, "token_endpoint": s.URL + tokenPath,
		"userinfo_endpoint": s.URL + userInfoPath, "revocation_endpoint": s.URL + revokePath,
		"end_session_endpoint":                  s.URL + logoutPath,
		"scopes_supported":                      []string{scopeOpenID, scopeEmail, scopePhone, scopeProfile},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}
