package cognitotest

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/gocognito/cognito/cognitotest/internal/webauthn"
	"github.com/gocognito/cognito/internal/srp"
)

// snapshotVersion is the version of the format. A snapshot of another version is rejected.
const snapshotVersion = 1

// The saved types are the parts of the types without that prefix that a snapshot contains.
type (
	savedService struct {
		Version int
		First   string // the ID of the configured pool, which may be among the deleted ones
		Secret  []byte // that page tokens and made-up users come from
		Pools   []savedPool
	}

	savedPool struct {
		ID                  string
		Settings            poolSettings
		Shape               poolShape
		Factors             mfaFactors
		Origins             []string
		AnyCustom           bool
		Required, Immutable []string
		Custom              []CustomAttribute
		Domains             []*domain
		Created, Modified   time.Time
		Serial, Serials     int64
		IDKey, AccessKey    savedKey
		RetiredKeys         []savedKey
		Clients             []savedClient
		Groups              []savedGroup
		Providers           []savedProvider
		ResourceServers     []savedResourceServer
		Users               []savedUser
		Families            []savedFamily
		RefreshTokens       []savedRefreshToken
	}

	savedKey struct {
		ID    string
		PKCS8 []byte
	}

	savedClient struct {
		Client            clientCopy
		Secrets           []savedSecret `json:",omitempty"`
		Settings          clientSettings
		Serial            int64
		Created, Modified time.Time
	}

	savedSecret struct {
		ID, Value string
		Created   time.Time
	}

	savedGroup struct {
		Group             Group
		Serial            int64
		Created, Modified time.Time
	}

	savedProvider struct {
		Name, Kind        string
		Settings          providerSettings
		Serial            int64
		Created, Modified time.Time
	}

	savedResourceServer struct {
		Server resourceServer
		Serial int64
	}

	savedUser struct {
		Username, Sub        string
		Attributes           map[string]string
		Groups               []string `json:",omitempty"`
		Status               string
		Disabled             bool `json:",omitempty"`
		Verifier             srp.Verifier
		Previous             []srp.Verifier       `json:",omitempty"`
		Codes                map[string]savedCode `json:",omitempty"`
		Inbox                string               `json:",omitempty"`
		Temporary, SignedOut time.Time            `json:",omitzero"`
		Created, Modified    time.Time
		Token, NewToken      *savedToken     `json:",omitempty"`
		Factors              []string        `json:",omitempty"`
		Preferred            string          `json:",omitempty"`
		Devices              []savedDevice   `json:",omitempty"`
		Passkeys             []savedPasskey  `json:",omitempty"`
		PasskeyMFA           bool            `json:",omitempty"`
		Identities           []savedIdentity `json:",omitempty"`
		Serial               int64
	}

	savedIdentity struct {
		Provider, Kind, Attribute, Value string
		Linked                           time.Time
	}

	savedCode struct {
		Text, Attribute, Address string
		Expires                  time.Time
	}

	savedToken struct {
		Secret []byte
		Name   string
		Used   []int64
	}

	savedDevice struct {
		Key, Group, Name                 string
		Verifier                         srp.Verifier
		Confirmed, Remembered            bool
		Created, Modified, Authenticated time.Time
		Serial                           int64
	}

	savedPasskey struct {
		ID         string
		PKIX       []byte
		Counter    uint32
		Attachment string
		Transports []string
		Created    time.Time
		Serial     int64
	}

	savedFamily struct {
		OriginID, EventID, Sub, Client, Device string
		AuthTime, Expires                      time.Time
		Revoked                                bool
		Used                                   time.Time `json:",omitzero"`
		Serial                                 int64     `json:",omitempty"`
		Level                                  int       `json:",omitempty"`
		Methods                                []string  `json:",omitempty"`
		Scopes                                 []string  `json:",omitempty"`
		Resource                               string    `json:",omitempty"`
		Nonce                                  string    `json:",omitempty"`
	}

	savedRefreshToken struct {
		Token, OriginID string
		Rotated         time.Time `json:",omitzero"`
	}
)

// clientCopy is a Client that JSON shows in full.
type clientCopy Client

// Snapshot is the output of [Server.Snapshot], as JSON. Printed or logged, it shows only its size.
type Snapshot []byte

// Format prints the type and the size, for every verb.
func (s Snapshot) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.summary()) }

// LogValue returns the type and the size.
func (s Snapshot) LogValue() slog.Value { return slog.StringValue(s.summary()) }

func (s Snapshot) summary() string { return fmt.Sprintf("Snapshot{%d bytes}", len(s)) }

// Snapshot returns all pools as JSON for [Config.Snapshot]: settings, app clients, groups, identity
// providers, resource servers, domains, users with their tokens, and the keys that sign tokens. It
// contains passwords as SRP verifiers only, but it also contains private keys and the secrets of
// app clients and software tokens: store it as a secret. It does not contain pending challenges,
// lockouts, counts of attempts, messages, or the functions in [Triggers].
func (s *Server) Snapshot() (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := savedService{Version: snapshotVersion, First: s.service.first, Secret: s.service.secret[:]}
	for _, p := range s.service.pools {
		saved, err := p.save()
		if err != nil {
			return nil, fmt.Errorf("cognitotest: Snapshot: %w", err)
		}
		out.Pools = append(out.Pools, saved)
	}
	return json.Marshal(out) //nolint:gosec // the secrets are meant
}

func saveKey(key signingKey) (savedKey, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key.private)
	return savedKey{key.id, pkcs8}, err
}

func (k savedKey) load() (signingKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(k.PKCS8)
	if err != nil {
		return signingKey{}, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return signingKey{}, errors.New("want an RSA key")
	}
	return signingKey{k.ID, private}, nil
}

func (p *pool) save() (savedPool, error) {
	out := savedPool{
		ID: p.cfg.UserPoolID, Settings: p.settings, Shape: p.shape, Factors: p.factors, Origins: p.cfg.WebAuthn.Origins,
		AnyCustom: p.anyCustom, Required: p.cfg.RequiredAttributes, Immutable: p.immutable,
		Custom: p.cfg.CustomAttributes, Domains: p.domains,
		Created: p.created, Modified: p.modified, Serial: p.serial, Serials: p.serials,
	}
	var err error
	if out.IDKey, err = saveKey(p.keys.id); err != nil {
		return out, err
	}
	if out.AccessKey, err = saveKey(p.keys.access); err != nil {
		return out, err
	}
	for _, key := range p.keys.retired {
		saved, err := saveKey(key)
		if err != nil {
			return out, err
		}
		out.RetiredKeys = append(out.RetiredKeys, saved)
	}
	for _, c := range p.clients {
		a := p.apps[c.ID]
		var secrets []savedSecret
		for _, s := range c.secrets {
			secrets = append(secrets, savedSecret{s.id, s.value, s.created})
		}
		out.Clients = append(out.Clients,
			savedClient{clientCopy(*c), secrets, a.settings, a.serial, a.created, a.modified})
	}
	for _, g := range p.groups {
		out.Groups = append(out.Groups, savedGroup{g.Group, g.serial, g.created, g.modified})
	}
	for _, known := range p.providers {
		out.Providers = append(out.Providers,
			savedProvider{known.name, known.kind, known.settings, known.serial, known.created, known.modified})
	}
	for _, r := range p.resources {
		out.ResourceServers = append(out.ResourceServers, savedResourceServer{*r, r.serial})
	}
	for _, u := range p.users {
		saved, err := u.save()
		if err != nil {
			return out, err
		}
		out.Users = append(out.Users, saved)
	}
	for _, id := range slices.Sorted(maps.Keys(p.families)) {
		f := p.families[id]
		if p.bySub(f.user.sub) == f.user { // else the user is gone, and the tokens with the user
			out.Families = append(out.Families, savedFamily{
				f.originID, f.eventID, f.user.sub, f.client, f.device, f.authTime, f.expires, f.revoked,
				f.used, f.serial, f.level, f.methods, f.scopes, f.resource, f.nonce,
			})
		}
	}
	for _, token := range slices.Sorted(maps.Keys(p.refresh)) {
		r := p.refresh[token]
		out.RefreshTokens = append(out.RefreshTokens, savedRefreshToken{token, r.family.originID, r.rotated})
	}
	return out, nil
}

func (u *user) save() (savedUser, error) {
	out := savedUser{
		Username: u.username, Sub: u.sub, Attributes: u.attributes, Status: u.status, Disabled: u.disabled,
		Verifier: u.verifier, Previous: u.previous, Inbox: u.inbox, Temporary: u.temporary, SignedOut: u.signedOut,
		Created: u.created, Modified: u.modified, Token: u.token.save(),
		NewToken: u.newToken.save(), Factors: u.factors,
		Preferred: u.preferred, PasskeyMFA: u.passkeyMFA, Serial: u.serial,
	}
	for _, g := range u.groups {
		out.Groups = append(out.Groups, g.Name)
	}
	for key, c := range u.codes {
		if out.Codes == nil {
			out.Codes = map[string]savedCode{}
		}
		out.Codes[key] = savedCode{c.text, c.attribute, c.address, c.expires}
	}
	for _, i := range u.identities {
		out.Identities = append(out.Identities, savedIdentity{i.provider, i.kind, i.attribute, i.value, i.linked})
	}
	for _, d := range u.devices {
		out.Devices = append(out.Devices, savedDevice{
			d.key, d.group, d.name, d.verifier, d.confirmed, d.remembered,
			d.created, d.modified, d.authenticated, d.serial,
		})
	}
	for _, k := range u.passkeys {
		pkix, err := x509.MarshalPKIXPublicKey(k.key)
		if err != nil {
			return out, err
		}
		out.Passkeys = append(out.Passkeys,
			savedPasskey{k.id, pkix, k.counter, k.attachment, k.transports, k.created, k.serial})
	}
	return out, nil
}

func (t *softwareToken) save() *savedToken {
	if t == nil {
		return nil
	}
	return &savedToken{t.secret, t.name, t.used}
}

func (t *savedToken) load() *softwareToken {
	if t == nil {
		return nil
	}
	return &softwareToken{t.Secret, t.Name, t.Used}
}

// restore replaces the service's pool with the pools of a snapshot. The methods of Server go on
// referring to the replaced pool only if the snapshot lacks the first pool of its server.
func (s *service) restore(raw []byte, cfg *Config) error {
	var in savedService
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	if in.Version != snapshotVersion {
		return fmt.Errorf("want version %d, got %d", snapshotVersion, in.Version)
	}
	if len(in.Secret) != len(s.secret) || !poolIDPattern.MatchString(in.First) {
		return errors.New("want the output of Server.Snapshot")
	}
	s.first, s.secret, s.pools = in.First, [32]byte(in.Secret), nil
	s.functions = lambdasOf(&Config{UserPoolID: in.First, Triggers: cfg.Triggers})
	for i := range in.Pools {
		p, err := in.Pools[i].load(s, cfg)
		if err != nil {
			return fmt.Errorf("pool %s: %w", in.Pools[i].ID, err)
		}
		s.pools = append(s.pools, p)
		s.serials = max(s.serials, p.serial)
	}
	return nil
}

func (in *savedPool) load(s *service, base *Config) (*pool, error) {
	if !poolIDPattern.MatchString(in.ID) || in.Settings.Policies == nil || in.Settings.Policies.PasswordPolicy == nil ||
		in.Settings.Policies.SignInPolicy == nil || in.Settings.AdminCreateUserConfig == nil ||
		in.Settings.LambdaConfig == nil ||
		in.Settings.UserAttributeUpdateSettings == nil {
		return nil, errors.New("want the output of Server.Snapshot")
	}
	cfg := Config{
		UserPoolID: in.ID, Issuer: s.issuer + in.ID, AliasAttributes: in.Shape.AliasAttributes,
		UsernameAttributes: in.Shape.UsernameAttributes,
		CaseInsensitive:    in.Shape.insensitive(),
		RequiredAttributes: in.Required, CustomAttributes: in.Custom,
		Triggers: base.Triggers, WebAuthn: WebAuthn{Origins: in.Origins},
	}
	if in.ID == s.first && base.Issuer != "" {
		cfg.Issuer = base.Issuer
	}
	in.Settings.apply(&cfg)
	in.Factors.apply(&cfg)
	p := newPool(s, cfg)
	p.settings, p.shape, p.factors = in.Settings, in.Shape, in.Factors
	p.immutable, p.anyCustom = in.Immutable, in.AnyCustom
	p.domains, p.created, p.modified, p.serial, p.serials = in.Domains, in.Created, in.Modified, in.Serial, in.Serials
	var err error
	if p.keys.id, err = in.IDKey.load(); err != nil {
		return nil, err
	}
	if p.keys.access, err = in.AccessKey.load(); err != nil {
		return nil, err
	}
	for _, saved := range in.RetiredKeys {
		key, err := saved.load()
		if err != nil {
			return nil, err
		}
		p.keys.retired = append(p.keys.retired, key)
	}
	for _, c := range in.Clients {
		client := Client(c.Client)
		for _, s := range c.Secrets {
			client.secrets = append(client.secrets, clientSecret{s.ID, s.Value, s.Created})
		}
		p.clients = append(p.clients, &client)
		p.apps[client.ID] = &app{serial: c.Serial, settings: c.Settings, created: c.Created, modified: c.Modified}
		p.cfg.Clients = append(p.cfg.Clients, client)
	}
	for _, g := range in.Groups {
		p.groups = append(p.groups, &group{Group: g.Group, serial: g.Serial, created: g.Created, modified: g.Modified})
	}
	for _, k := range in.Providers {
		p.providers = append(p.providers, &provider{k.Serial, k.Name, k.Kind, k.Settings, k.Created, k.Modified})
	}
	for _, r := range in.ResourceServers {
		r.Server.serial = r.Serial
		p.resources = append(p.resources, &r.Server)
	}
	p.noteResources()
	for i := range in.Users {
		if err := in.Users[i].load(p); err != nil {
			return nil, fmt.Errorf("user %s: %w", in.Users[i].Username, err)
		}
	}
	in.loadTokens(p)
	return p, nil
}

func (in *savedUser) load(p *pool) error {
	u := &user{
		username: in.Username, sub: in.Sub, attributes: in.Attributes,
		status: in.Status, disabled: in.Disabled, verifier: in.Verifier,
		previous: in.Previous, codes: map[string]*code{}, inbox: in.Inbox,
		temporary: in.Temporary, signedOut: in.SignedOut,
		created: in.Created, modified: in.Modified, token: in.Token.load(),
		newToken: in.NewToken.load(), factors: in.Factors,
		preferred: in.Preferred, passkeyMFA: in.PasskeyMFA,
	}
	if u.attributes == nil {
		u.attributes = map[string]string{}
	}
	for _, name := range in.Groups {
		if g := p.findGroup(name); g != nil {
			p.joinGroup(u, g)
		}
	}
	for key, c := range in.Codes {
		u.codes[key] = &code{c.Text, c.Attribute, c.Address, c.Expires}
	}
	for _, i := range in.Identities {
		u.identities = append(u.identities, identity{i.Provider, i.Kind, i.Attribute, i.Value, i.Linked})
	}
	for _, d := range in.Devices {
		u.devices = append(u.devices, &device{
			d.Serial, d.Key, d.Group, d.Name, d.Verifier, d.Confirmed,
			d.Remembered, d.Created, d.Modified, d.Authenticated,
		})
	}
	for _, k := range in.Passkeys {
		key, err := x509.ParsePKIXPublicKey(k.PKIX)
		if err != nil {
			return err
		}
		u.passkeys = append(u.passkeys,
			&passkey{k.Serial, k.ID, webauthn.PublicKey(key), k.Counter, k.Attachment, k.Transports, k.Created})
	}
	serials := p.serials
	p.insert(u)
	u.serial, p.serials = in.Serial, serials
	return nil
}

func (in *savedPool) loadTokens(p *pool) {
	for _, f := range in.Families {
		if u := p.bySub(f.Sub); u != nil {
			p.families[f.OriginID] = &family{
				originID: f.OriginID, eventID: f.EventID, user: u, client: f.Client, device: f.Device,
				authTime: f.AuthTime, expires: f.Expires, revoked: f.Revoked,
				used: f.Used, serial: f.Serial, level: f.Level, methods: f.Methods,
				scopes: f.Scopes, resource: f.Resource, nonce: f.Nonce,
			}
		}
	}
	for _, r := range in.RefreshTokens {
		if f := p.families[r.OriginID]; f != nil {
			p.refresh[r.Token] = &refreshable{family: f, rotated: r.Rotated}
		}
	}
}

// firstPool returns the pool that the methods of Server refer to.
func (s *service) firstPool() *pool {
	return s.findPool(func(p *pool) bool { return p.cfg.UserPoolID == s.first })
}

// restored returns the service of a Config, from its snapshot if it has one. It panics if the
// snapshot is invalid.
func restored(cfg Config, url string) (s *service, first *pool) {
	s = newService(cfg, url)
	first = s.pools[0]
	if cfg.Snapshot != nil {
		if err := s.restore(cfg.Snapshot, &cfg); err != nil {
			panic("cognitotest: Config.Snapshot: " + err.Error())
		}
		first = cmp.Or(s.firstPool(), first)
	}
	return s, first
}
