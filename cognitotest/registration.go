package cognitotest

import (
	"encoding/json"
	"slices"
	"time"
)

const (
	maxPasskeys         = 20
	registrationTimeout = time.Minute
)

// ceremony is the registration of a passkey on its way.
type ceremony struct {
	client    *Client
	challenge string
	expires   time.Time
}

// creationOptions is PublicKeyCredentialCreationOptionsJSON, as the service has it.
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
	options.PubKeyCredParams = []keyParameters{{"public-key", coseES256}, {"public-key", coseRS256}}
	options.ExcludeCredentials = u.credentialRefs()
	selection := &options.AuthenticatorSelection
	selection.RequireResidentKey, selection.ResidentKey, selection.UserVerification = true, uvRequired, p.verification(u)
	return out, nil
}

// passkeyOwner finds who registers a passkey, in a pool that takes them.
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

// registration is RegistrationResponseJSON, as far as it is read.
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

// register verifies a new credential (WebAuthn level 3, section 7.1). Its attestation is not checked.
func (p *pool) register(u *user, c *Client, cred *registration) (*passkey, error) {
	client, ok := parseClientData(decodeURL(cred.Response.ClientDataJSON))
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
	data, ok := attestedData(cred.Response.AttestationObject)
	switch {
	case !ok:
		return nil, errCredential
	case !data.of(p.cfg.WebAuthn.RelyingPartyID):
		return nil, errPasskeyParty
	case !data.present(p.verification(u) == uvRequired):
		return nil, errCredential
	}
	id, key, ok := data.attested()
	if !ok || cred.Type != "public-key" || cred.ID != encodeURL(id) || cred.RawID != cred.ID || p.passkeyTaken(cred.ID) {
		return nil, errCredential
	}
	return &passkey{
		serial: p.nextSerial(), id: cred.ID, key: key, counter: data.counter, attachment: cred.Attachment, transports: cred.Response.Transports, created: p.now(),
	}, nil
}

// attestedData finds the authenticator data in an attestation object.
func attestedData(object string) (authenticatorData, bool) {
	item, rest, err := decodeCBOR(decodeURL(object))
	if err != nil || len(rest) > 0 {
		return authenticatorData{}, false
	}
	m, _ := item.(map[any]any)
	raw, _ := m["authData"].([]byte)
	return parseAuthenticatorData(raw)
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
	v := &validation{}
	pageForm(v, "maxResults", nil, "nextToken", in.NextToken)
	if in.MaxResults != nil {
		v.between("maxResults", *in.MaxResults, 0, maxPasskeys)
	}
	if err := v.err(); err != nil {
		return out, err
	}
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	pg := newPage(in.MaxResults, in.NextToken, "ListWebAuthnCredentials", u.sub)
	page, next, err := cut(p, pg, u.passkeys, func(k *passkey) int64 { return k.serial }, func(*passkey) bool { return true })
	for _, k := range page {
		out.Credentials = append(out.Credentials, credentialType{
			CredentialID: k.id, FriendlyCredentialName: "Passkey", RelyingPartyID: p.cfg.WebAuthn.RelyingPartyID,
			AuthenticatorAttachment: k.attachment, AuthenticatorTransports: slices.Concat([]string{}, k.transports), CreatedAt: epoch(k.created),
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
	v := &validation{}
	v.length("credentialId", in.CredentialID, 1, 2048)
	if err := v.err(); err != nil {
		return empty{}, err
	}
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	k := u.passkey(in.CredentialID)
	if k == nil {
		return empty{}, exception("ResourceNotFoundException", "WebAuthn credential does not exist.") // the service's text is not known
	}
	u.passkeys = slices.DeleteFunc(u.passkeys, func(other *passkey) bool { return other == k })
	return empty{}, nil
}
