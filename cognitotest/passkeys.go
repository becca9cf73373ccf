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
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gocognito/cognito/cognitotest/internal/webauthn"
)

// Whether a passkey must verify its user, with a fingerprint or a PIN.
const (
	uvRequired  = "required"
	uvPreferred = "preferred"
)

// WebAuthn configures how a pool accepts passkeys.
type WebAuthn struct {
	// RelyingPartyID is the domain of the passkeys. Without it, passkeys cannot be registered.
	RelyingPartyID string
	// Origins are the origins of pages that may use passkeys. If nil, they are those of the relying
	// party and its subdomains with https, and with http for "localhost".
	Origins []string
	// UserVerification is "required" or "preferred". The default is "preferred".
	UserVerification string
	// MultiFactor lets users with MFA use passkeys, if they enable them with SetUserMFAPreference.
	// A passkey that verified its user then counts as both factors.
	MultiFactor bool
}

// passkey is a user's credential.
type passkey struct {
	serial     int64
	id         string // in base64url
	key        webauthn.PublicKey
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

// handle returns the user's ID for authenticators, which is not the username.
func (u *user) handle() string { return webauthn.Encode([]byte(u.sub)) }

func newPasskeyChallenge() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails
	return webauthn.Encode(random[:])
}

// credentialRef identifies a passkey to an authenticator.
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

// requestOptions is the PublicKeyCredentialRequestOptionsJSON that the service sends.
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

// verification returns whether an authenticator must verify its user.
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

// assertion is an AuthenticationResponseJSON, with the members that are read.
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

// answerPasskey checks an assertion. The service's errors for wrong ones are not known.
func (p *pool) answerPasskey(s *challengeSession, params map[string]string) (authOutput, error) {
	out, err := p.firstFactor(s.login, methodPasskey, func() bool {
		var a assertion
		return json.Unmarshal([]byte(params[paramCredential]), &a) == nil && s.passkey != "" && p.asserts(s, &a)
	})
	s.used = err == nil
	return out, err
}

// asserts verifies an assertion (WebAuthn level 3, section 7.2) and records the counter.
func (p *pool) asserts(s *challengeSession, a *assertion) bool {
	u, r := s.login.user, &a.Response
	k := u.passkey(a.ID)
	raw := webauthn.Decode(r.ClientDataJSON)
	client, ok := webauthn.ParseClientData(raw)
	signed := webauthn.Decode(r.AuthenticatorData)
	data, ok2 := webauthn.ParseAuthenticatorData(signed)
	switch {
	case k == nil || a.RawID != a.ID || a.Type != "public-key" || !ok || !ok2,
		r.UserHandle != "" && r.UserHandle != u.handle(),
		client.Type != "webauthn.get" || client.Challenge != s.passkey || !p.cfg.WebAuthn.allows(client.Origin),
		!data.Of(p.cfg.WebAuthn.RelyingPartyID) || !data.Present(p.verification(u) == uvRequired),
		(data.Counter != 0 || k.counter != 0) && data.Counter <= k.counter:
		return false
	}
	sum := sha256.Sum256(raw)
	if !webauthn.VerifySignature(k.key, append(slices.Clone(signed), sum[:]...), webauthn.Decode(r.Signature)) {
		return false
	}
	k.counter = data.Counter
	s.login.bothFactors = p.cfg.WebAuthn.MultiFactor && u.passkeyMFA && data.Present(true)
	return true
}

const (
	maxPasskeys         = 20
	registrationTimeout = time.Minute
)

// ceremony is a registration of a passkey that is under way.
type ceremony struct {
	client    *Client
	challenge string
	expires   time.Time
}

// creationOptions is the PublicKeyCredentialCreationOptionsJSON that the service sends.
type creationOptions struct {
	RP struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"rp"`
	User struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	} `json:"user"`
	Challenge              string          `json:"challenge"`
	PubKeyCredParams       []keyParameters `json:"pubKeyCredParams"`
	Timeout                int             `json:"timeout"`
	ExcludeCredentials     []credentialRef `json:"excludeCredentials"`
	AuthenticatorSelection struct {
		RequireResidentKey bool   `json:"requireResidentKey"`
		ResidentKey        string `json:"residentKey"`
		UserVerification   string `json:"userVerification"`
	} `json:"authenticatorSelection"`
}

type keyParameters struct {
	Type string `json:"type"`
	Alg  int    `json:"alg"`
}

type startRegistrationOutput struct{ CredentialCreationOptions creationOptions }

func (p *pool) startWebAuthnRegistration(in *accessTokenInput) (startRegistrationOutput, error) {
	var out startRegistrationOutput
	u, c, err := p.passkeyOwner(in.AccessToken)
	if err != nil {
		return out, err
	}
	if len(u.passkeys) >= maxPasskeys {
		return out, errTooManyPasskeys
	}
	u.ceremony = &ceremony{client: c, challenge: newPasskeyChallenge(), expires: p.now().Add(registrationTimeout)}
	options := &out.CredentialCreationOptions
	options.RP.ID, options.RP.Name = p.cfg.WebAuthn.RelyingPartyID, p.cfg.WebAuthn.RelyingPartyID
	options.User.ID, options.User.Name, options.User.DisplayName = u.handle(), u.username, u.username
	options.Challenge, options.Timeout = u.ceremony.challenge, int(registrationTimeout/time.Millisecond)
	options.PubKeyCredParams = []keyParameters{{"public-key", webauthn.ES256}, {"public-key", webauthn.RS256}}
	options.ExcludeCredentials = u.credentialRefs()
	selection := &options.AuthenticatorSelection
	selection.RequireResidentKey, selection.ResidentKey = true, uvRequired
	selection.UserVerification = p.verification(u)
	return out, nil
}

// passkeyOwner returns the user who registers a passkey, if the pool supports passkeys.
func (p *pool) passkeyOwner(accessToken string) (*user, *Client, error) {
	u, c, err := p.authorize(accessToken)
	switch {
	case err != nil:
		return nil, nil, err
	case !slices.Contains(p.cfg.FirstFactors, challengeWebAuthn):
		return nil, nil, errPasskeysOff
	case p.cfg.WebAuthn.RelyingPartyID == "":
		return nil, nil, errNoRelyingParty
	default:
		return u, c, nil
	}
}

// registration is a RegistrationResponseJSON, with the members that are read.
type registration struct {
	ID         string `json:"id"`
	RawID      string `json:"rawId"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		ClientDataJSON    string   `json:"clientDataJSON"`
		AttestationObject string   `json:"attestationObject"`
		Transports        []string `json:"transports"`
	} `json:"response"`
}

type completeRegistrationInput struct {
	AccessToken string
	Credential  json.RawMessage // a document: an object, not text
}

func (p *pool) completeWebAuthnRegistration(in *completeRegistrationInput) (empty, error) {
	u, c, err := p.passkeyOwner(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	var cred registration
	if err := json.Unmarshal(in.Credential, &cred); err != nil {
		return empty{}, errCredential
	}
	k, err := p.register(u, c, &cred)
	if err != nil {
		return empty{}, err
	}
	u.ceremony = nil
	u.passkeys = append(u.passkeys, k)
	return empty{}, nil
}

// register verifies a new credential (WebAuthn level 3, section 7.1). Its attestation is not
// checked.
func (p *pool) register(u *user, c *Client, cred *registration) (*passkey, error) {
	client, ok := webauthn.ParseClientData(webauthn.Decode(cred.Response.ClientDataJSON))
	began := u.ceremony
	switch {
	case !ok || client.Type != "webauthn.create":
		return nil, errCredential
	case began == nil || client.Challenge != began.challenge || p.now().After(began.expires):
		return nil, errNoCeremony
	case began.client.ID != c.ID:
		return nil, errPasskeyClient
	case !p.cfg.WebAuthn.allows(client.Origin):
		return nil, errPasskeyOrigin
	case len(u.passkeys) >= maxPasskeys:
		return nil, errTooManyPasskeys
	}
	data, ok := webauthn.ParseAttestation(cred.Response.AttestationObject)
	switch {
	case !ok:
		return nil, errCredential
	case !data.Of(p.cfg.WebAuthn.RelyingPartyID):
		return nil, errPasskeyParty
	case !data.Present(p.verification(u) == uvRequired):
		return nil, errCredential
	}
	id, key, ok := data.Attested()
	if !ok || cred.Type != "public-key" || cred.ID != webauthn.Encode(id) || cred.RawID != cred.ID ||
		p.passkeyTaken(cred.ID) {
		return nil, errCredential
	}
	return &passkey{
		serial: p.nextSerial(), id: cred.ID, key: key, counter: data.Counter, attachment: cred.Attachment,
		transports: cred.Response.Transports, created: p.now(),
	}, nil
}

func (p *pool) passkeyTaken(id string) bool {
	return slices.ContainsFunc(p.users, func(u *user) bool { return u.passkey(id) != nil })
}

type listCredentialsInput struct {
	AccessToken string
	nextResults
}

// credentialType is a passkey on the wire.
type credentialType struct {
	CredentialID            string `json:"CredentialId"`
	FriendlyCredentialName  string
	RelyingPartyID          string `json:"RelyingPartyId"`
	AuthenticatorAttachment string `json:",omitempty"`
	AuthenticatorTransports []string
	CreatedAt               float64
}

type listCredentialsOutput struct {
	Credentials []credentialType
	NextToken   string `json:",omitempty"`
}

func (p *pool) listWebAuthnCredentials(in *listCredentialsInput) (listCredentialsOutput, error) {
	out := listCredentialsOutput{Credentials: []credentialType{}}
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	pg := newPage(in.MaxResults, in.NextToken, "ListWebAuthnCredentials", u.sub)
	page, next, err := cut(p, pg, u.passkeys,
		func(k *passkey) int64 { return k.serial }, func(*passkey) bool { return true })
	for _, k := range page {
		out.Credentials = append(out.Credentials, credentialType{
			CredentialID: k.id, FriendlyCredentialName: "Passkey", RelyingPartyID: p.cfg.WebAuthn.RelyingPartyID,
			AuthenticatorAttachment: k.attachment, AuthenticatorTransports: slices.Concat([]string{}, k.transports),
			CreatedAt: epoch(k.created),
		})
	}
	out.NextToken = next
	return out, err
}

type deleteCredentialInput struct {
	AccessToken  string
	CredentialID string `json:"CredentialId"`
}

func (p *pool) deleteWebAuthnCredential(in *deleteCredentialInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	k := u.passkey(in.CredentialID)
	if k == nil {
		// The service's text is not known.
		return empty{}, exception("ResourceNotFoundException", "WebAuthn credential does not exist.")
	}
	u.passkeys = slices.DeleteFunc(u.passkeys, func(other *passkey) bool { return other == k })
	return empty{}, nil
}

// Passkey is an authenticator and its browser, to test registration and sign-in with passkeys. It
// holds one credential. Printed or logged, it shows no key. It is not safe for concurrent use.
type Passkey struct {
	// Origin is the origin of the page that uses the passkey. If empty, it is "https://" and the
	// relying party, or "http://localhost" if that is the relying party.
	Origin string
	// Unverified makes the authenticator skip user verification, as one without a PIN does.
	Unverified bool
	// RSA makes Create generate a key for RS256. Otherwise the key is for ES256.
	RSA bool

	id      []byte
	user    string // the handle
	key     crypto.Signer
	counter uint32
}

const passkeyIDSize = 16

// NewPasskey returns an authenticator without a credential.
func NewPasskey() *Passkey { return &Passkey{} }

// Format prints the type without the key, for every verb.
func (k Passkey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Passkey{}") }

// LogValue returns the type without the key.
func (k Passkey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

// Create creates a credential for options, the CredentialCreationOptions of
// StartWebAuthnRegistration as JSON, and returns the JSON for CompleteWebAuthnRegistration. It
// returns an error if options are not valid JSON or exclude the credential that it holds.
func (k *Passkey) Create(options string) (string, error) {
	var want creationOptions
	if err := json.Unmarshal([]byte(options), &want); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Create: %w", err)
	}
	if k.id != nil && slices.Contains(want.ExcludeCredentials, credentialRef{webauthn.Encode(k.id), "public-key"}) {
		return "", errors.New("cognitotest: Passkey.Create: the credential is there already")
	}
	if err := k.makeKey(); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Create: %w", err)
	}
	k.id, k.user = make([]byte, passkeyIDSize), want.User.ID
	_, _ = rand.Read(k.id) // it never fails
	credential := append(make([]byte, 16), 0, passkeyIDSize)
	credential = append(append(credential, k.id...), webauthn.MarshalKey(k.key.Public())...)
	data := append(k.data(want.RP.ID, webauthn.FlagAttested), credential...)
	return k.credential(map[string]any{
		"clientDataJSON":    webauthn.Encode(k.clientData("webauthn.create", want.Challenge, want.RP.ID)),
		"attestationObject": webauthn.Encode(webauthn.MarshalAttestation(data)), "transports": []string{"internal"},
	})
}

// Get returns an assertion for options, the challenge's CREDENTIAL_REQUEST_OPTIONS, as the JSON for
// CREDENTIAL. It returns an error if options are not valid JSON or do not allow the credential.
func (k *Passkey) Get(options string) (string, error) {
	var want requestOptions
	if err := json.Unmarshal([]byte(options), &want); err != nil {
		return "", fmt.Errorf("cognitotest: Passkey.Get: %w", err)
	}
	if k.id == nil || len(want.AllowCredentials) > 0 &&
		!slices.Contains(want.AllowCredentials, credentialRef{webauthn.Encode(k.id), "public-key"}) {
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
		"clientDataJSON": webauthn.Encode(client), "authenticatorData": webauthn.Encode(data),
		"signature": webauthn.Encode(signature), "userHandle": k.user,
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

// data returns the authenticator data up to the credential.
func (k *Passkey) data(relyingParty string, flags byte) []byte {
	sum := sha256.Sum256([]byte(relyingParty))
	if flags |= webauthn.FlagPresent; !k.Unverified {
		flags |= webauthn.FlagVerified
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
	raw, err := json.Marshal(webauthn.ClientData{Type: kind, Challenge: challenge, Origin: origin})
	if err != nil {
		panic("cognitotest: " + err.Error()) // three texts
	}
	return raw
}

// credential returns the JSON of either response.
func (k *Passkey) credential(response map[string]any) (string, error) {
	id := webauthn.Encode(k.id)
	raw, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
	return string(raw), err
}

// allows reports whether pages of origin may use passkeys.
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
