package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"
)

// pool is the state behind a Server, which locks it.
type pool struct {
	cfg      Config
	advanced time.Duration
	secret   [32]byte // for what must be stable and unguessable

	users     []*user // in the order of their serials
	directory directory
	serials   int64
	messages  []Message
	groups    []*group // these lists too
	providers []*provider
	clients   []*Client       // the app clients; cfg.Clients is what they began as
	apps      map[string]*app // what else is known of them, by ID
	created   time.Time
	proofs    map[string]*proof // by SECRET_BLOCK
	sessions  map[string]*challengeSession
	lockouts  map[string]*lockout     // by internal username, made-up ones included
	attempts  map[string][]time.Time  // by operation and internal username
	refresh   map[string]*refreshable // by refresh token
	families  map[string]*family      // by origin_jti
	keys      keyring
	oauth     oauthState
}

func newPool(cfg Config, url string) *pool {
	p := &pool{
		cfg: cfg, proofs: map[string]*proof{}, sessions: map[string]*challengeSession{}, lockouts: map[string]*lockout{},
		attempts: map[string][]time.Time{}, refresh: map[string]*refreshable{}, families: map[string]*family{},
		directory: newDirectory(), apps: map[string]*app{},
		keys: newKeyring(url + cfg.UserPoolID),
	}
	_, _ = rand.Read(p.secret[:]) // it never fails
	p.created = p.now()
	for _, c := range cfg.Clients {
		p.addApp(&c, settingsOf(&c))
	}
	for _, g := range cfg.Groups {
		p.ensureGroup(g)
	}
	return p
}

// nextSerial numbers what the pool lists, in the order in which it comes.
func (p *pool) nextSerial() int64 {
	p.serials++
	return p.serials
}

// client finds the app client id.
func (p *pool) client(id string) (*Client, error) {
	i := slices.IndexFunc(p.clients, func(c *Client) bool { return c.ID == id })
	if i < 0 {
		return nil, errNoClient(id)
	}
	return p.clients[i], nil
}

// stable derives bytes from text that are the same for the life of the pool and that nobody can guess.
func (p *pool) stable(purpose, text string) []byte {
	mac := hmac.New(sha256.New, p.secret[:])
	mac.Write([]byte(purpose + "\x00" + text))
	return mac.Sum(nil)
}

const (
	freeFailures = 5 // wrong passwords before a lock-out
	maxLockout   = 15 * time.Minute
)

// lockout counts a user's wrong passwords.
type lockout struct {
	failures int
	last     time.Time
	until    time.Time
}

// lockedOut reports whether a user must wait. Attempts meanwhile do not count.
func (p *pool) lockedOut(username string) bool {
	l := p.lockouts[username]
	return l != nil && p.now().Before(l.until)
}

// failed counts a wrong password: from the fifth on the user is locked out for 1 s, 2 s, 4 s, up to 15 minutes.
// 15 quiet minutes end the count.
func (p *pool) failed(username string) {
	l := p.lockouts[username]
	if l == nil || p.now().Sub(l.last) > maxLockout {
		l = &lockout{}
		p.lockouts[username] = l
	}
	l.failures++
	l.last = p.now()
	if over := l.failures - freeFailures; over >= 0 {
		l.until = l.last.Add(min(time.Second<<min(over, 20), maxLockout))
	}
}

func (p *pool) succeeded(username string) { delete(p.lockouts, username) }

// attempt counts an attempt of an operation and reports whether it is among the first most within an hour.
func (p *pool) attempt(op, username string, most int) bool {
	key := op + " " + username
	hourAgo := p.now().Add(-time.Hour)
	recent := slices.DeleteFunc(p.attempts[key], func(t time.Time) bool { return t.Before(hourAgo) })
	if len(recent) >= most {
		p.attempts[key] = recent
		return false
	}
	p.attempts[key] = append(recent, p.now())
	return true
}

type poolInput struct {
	UserPoolID string `json:"UserPoolId"`
}

type passwordPolicy struct {
	MinimumLength                                                      int
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
	PasswordHistorySize                                                int `json:",omitempty"`
	TemporaryPasswordValidityDays                                      int
}

type poolPolicies struct{ PasswordPolicy passwordPolicy }

type schemaAttribute struct {
	Name              string
	AttributeDataType string
	Mutable           bool
	Required          bool
}

// describedPool is the pool on the wire, as far as it is configured here.
type describedPool struct {
	ID                          string `json:"Id"`
	Name                        string
	Arn                         string
	Policies                    poolPolicies
	SchemaAttributes            []schemaAttribute
	AutoVerifiedAttributes      []string `json:",omitempty"`
	AliasAttributes             []string `json:",omitempty"`
	UsernameAttributes          []string `json:",omitempty"`
	UsernameConfiguration       struct{ CaseSensitive bool }
	AdminCreateUserConfig       struct{ AllowAdminCreateUserOnly bool }
	UserAttributeUpdateSettings struct {
		AttributesRequireVerificationBeforeUpdate []string
	}
	EstimatedNumberOfUsers int
	CreationDate           float64
	LastModifiedDate       float64
}

type poolOutput struct{ UserPool describedPool }

func (p *pool) describeUserPool(in *poolInput) (poolOutput, error) {
	if err := p.adminCall(in.UserPoolID, nil); err != nil {
		return poolOutput{}, err
	}
	policy := p.cfg.PasswordPolicy
	d := describedPool{
		ID: p.cfg.UserPoolID, Name: p.cfg.UserPoolID, Arn: p.arn(),
		Policies: poolPolicies{passwordPolicy{
			MinimumLength: policy.MinimumLength, RequireUppercase: policy.RequireUppercase, RequireLowercase: policy.RequireLowercase,
			RequireNumbers: policy.RequireNumbers, RequireSymbols: policy.RequireSymbols, PasswordHistorySize: p.cfg.PasswordHistorySize,
			TemporaryPasswordValidityDays: int(p.cfg.TemporaryPasswordValidity / (24 * time.Hour)),
		}},
		SchemaAttributes:       p.schema(),
		AutoVerifiedAttributes: p.cfg.AutoVerifiedAttributes, AliasAttributes: p.cfg.AliasAttributes,
		UsernameAttributes:     p.cfg.UsernameAttributes,
		EstimatedNumberOfUsers: len(p.users), CreationDate: epoch(p.created), LastModifiedDate: epoch(p.created),
	}
	d.UsernameConfiguration.CaseSensitive = !p.cfg.CaseInsensitive
	d.AdminCreateUserConfig.AllowAdminCreateUserOnly = p.cfg.SelfSignUpDisabled
	d.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate = p.cfg.AttributesRequireVerificationBeforeUpdate
	return poolOutput{d}, nil
}

// arn is the pool's name in IAM, in an account that nobody has.
func (p *pool) arn() string {
	region, _ := splitPoolID(p.cfg.UserPoolID)
	return "arn:aws:cognito-idp:" + region + ":123456789012:userpool/" + p.cfg.UserPoolID
}

// schema lists the pool's attributes; those that it takes because it names none are not among them.
func (p *pool) schema() []schemaAttribute {
	list := []schemaAttribute{{Name: attrSub, AttributeDataType: typeString, Required: true}}
	for _, name := range standardAttributes {
		kind := typeString
		if name == "updated_at" {
			kind = typeNumber
		}
		required := slices.Contains(p.cfg.RequiredAttributes, name)
		list = append(list, schemaAttribute{Name: name, AttributeDataType: kind, Mutable: true, Required: required})
	}
	for _, name := range []string{attrEmailVerified, attrPhoneVerified} {
		list = append(list, schemaAttribute{Name: name, AttributeDataType: typeBoolean, Mutable: true})
	}
	for _, c := range p.cfg.CustomAttributes {
		kind := c.Type
		if kind == "" {
			kind = typeString
		}
		list = append(list, schemaAttribute{Name: customPrefix + c.Name, AttributeDataType: kind, Mutable: !c.Immutable})
	}
	return list
}
