package cognitotest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"
)

// How a passkey must know its owner, by a finger or a PIN.
const (
	uvRequired  = "required"
	uvPreferred = "preferred"
)

// WebAuthn is how a pool takes passkeys.
type WebAuthn struct {
	// RelyingPartyID is the domain that passkeys are made for. Without one, passkeys cannot be registered.
	RelyingPartyID string
	// Origins are the pages that passkeys are used on. If nil, they are those of the relying party and its
	// subdomains over https, and over http for "localhost".
	Origins []string
	// UserVerification is "required" or "preferred". If empty, it is "preferred".
	UserVerification string
	// MultiFactor lets users with MFA activate passkeys, by SetUserMFAPreference: one that verified its user then
	// counts for both factors.
	MultiFactor bool
}

// passkey is a credential of a user's.
type passkey struct {
	serial     int64
	id         string // in base64url
	key        publicKey
	counter    uint32
	attachment string
	transports []string
	created    time.Time
}

func (u *user) passkey(id string) *passkey {
	for _, k := range u.passkeys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// handle is the user's ID for authenticators, which is not the username.
func (u *user) handle() string { return encodeURL([]byte(u.sub)) }

func newPasskeyChallenge() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails
	return encodeURL(random[:])
}

// credentialRef names a passkey to an authenticator.
type credentialRef struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

func (u *user) credentialRefs() []credentialRef {
	refs := []credentialRef{}
	for _, k := range u.passkeys {
		refs = append(refs, credentialRef{k.id, "public-key"})
	}
	return refs
}

// requestOptions is PublicKeyCredentialRequestOptionsJSON, as the service has it.
type requestOptions struct {
	Hints              []string        `json:"hints"`
	Attestation        string          `json:"attestation"`
	AttestationFormats []string        `json:"attestationFormats"`
	Challenge          string          `json:"challenge"`
	Timeout            int             `json:"timeout"`
	RPID               string          `json:"rpId"`
	AllowCredentials   []credentialRef `json:"allowCredentials"`
	UserVerification   string          `json:"userVerification"`
}

// verification is how much an authenticator must know about its user.
func (p *pool) verification(u *user) string {
	if p.cfg.WebAuthn.UserVerification == uvRequired || p.cfg.WebAuthn.MultiFactor && u.passkeyMFA {
		return uvRequired
	}
	return uvPreferred
}

// askPasskey asks for an assertion of one of the user's passkeys.
func (p *pool) askPasskey(l *login) (authOutput, error) {
	s := &challengeSession{
		login: l, challenge: challengeWebAuthn, options: []string{challengeWebAuthn}, passkey: newPasskeyChallenge(),
	}
	options, err := json.Marshal(requestOptions{
		Hints: []string{}, Attestation: "none", AttestationFormats: []string{}, Challenge: s.passkey,
		Timeout: int(l.client.AuthSessionValidity / time.Millisecond), RPID: p.cfg.WebAuthn.RelyingPartyID,
		AllowCredentials: l.user.credentialRefs(), UserVerification: p.verification(l.user),
	})
	if err != nil {
		return authOutput{}, err
	}
	return p.challenge(s, map[string]string{"CREDENTIAL_REQUEST_OPTIONS": string(options)}), nil
}

// assertion is AuthenticationResponseJSON, as far as it is read.
type assertion struct {
	ID       string `json:"id"`
	RawID    string `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientDataJSON    string `json:"clientDataJSON"`
		AuthenticatorData string `json:"authenticatorData"`
		Signature         string `json:"signature"`
		UserHandle        string `json:"userHandle"`
	} `json:"response"`
}

// answerPasskey checks an assertion. What the service says to a wrong one is not known.
func (p *pool) answerPasskey(s *challengeSession, params map[string]string) (authOutput, error) {
	out, err := p.firstFactor(s.login, func() bool {
		var a assertion
		return json.Unmarshal([]byte(params[paramCredential]), &a) == nil && s.passkey != "" && p.asserts(s, &a)
	})
	s.used = err == nil
	return out, err
}

// asserts verifies an assertion (WebAuthn level 3, section 7.2) and notes the counter.
func (p *pool) asserts(s *challengeSession, a *assertion) bool {
	u, r := s.login.user, &a.Response
	k := u.passkey(a.ID)
	raw := decodeURL(r.ClientDataJSON)
	client, ok := parseClientData(raw)
	signed := decodeURL(r.AuthenticatorData)
	data, ok2 := parseAuthenticatorData(signed)
	switch {
	case k == nil || a.RawID != a.ID || a.Type != "public-key" || !ok || !ok2,
		r.UserHandle != "" && r.UserHandle != u.handle(),
		client.Type != "webauthn.get" || client.Challenge != s.passkey || !p.cfg.WebAuthn.allows(client.Origin),
		!data.of(p.cfg.WebAuthn.RelyingPartyID) || !data.present(p.verification(u) == uvRequired),
		(data.counter != 0 || k.counter != 0) && data.counter <= k.counter:
		return false
	}
	sum := sha256.Sum256(raw)
	if !verifySignature(k.key, append(slices.Clone(signed), sum[:]...), decodeURL(r.Signature)) {
		return false
	}
	k.counter = data.counter
	s.login.bothFactors = p.cfg.WebAuthn.MultiFactor && u.passkeyMFA && data.present(true)
	return true
}
