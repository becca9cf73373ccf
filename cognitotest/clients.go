package cognitotest

import (
	"slices"
	"strings"
	"time"
)

// app is the pool's record of an app client in addition to the Client.
type app struct {
	serial            int64
	settings          clientSettings
	created, modified time.Time
}

// addApp adds a client from the Config or a call.
func (p *pool) addApp(c *Client, settings clientSettings) {
	p.clients = append(p.clients, c)
	if c.Secret != "" {
		p.holdSecret(c, c.Secret)
	}
	if c.Secret != "" && c.OtherSecret != "" {
		p.holdSecret(c, c.OtherSecret)
	}
	p.apps[c.ID] = &app{serial: p.nextSerial(), settings: settings, created: p.now(), modified: p.now()}
}

// describedClient is an app client on the wire.
type describedClient struct {
	UserPoolID       string `json:"UserPoolId"`
	ClientID         string `json:"ClientId"`
	ClientSecret     string `json:",omitempty"`
	CreationDate     float64
	LastModifiedDate float64
	clientSettings
}

type clientOutput struct{ UserPoolClient describedClient }

func (p *pool) describedClient(c *Client) clientOutput {
	a := p.apps[c.ID]
	return clientOutput{describedClient{
		UserPoolID: p.cfg.UserPoolID, ClientID: c.ID, ClientSecret: c.Secret,
		CreationDate: epoch(a.created), LastModifiedDate: epoch(a.modified), clientSettings: a.settings.withDefaults(),
	}}
}

type createClientInput struct {
	UserPoolID     string `json:"UserPoolId"`
	GenerateSecret bool
	clientSettings
}

func (p *pool) createUserPoolClient(in *createClientInput) (clientOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return clientOutput{}, err
	}
	if err := p.checkSettings(&in.clientSettings, in.GenerateSecret); err != nil {
		return clientOutput{}, err
	}
	c := Client{}
	in.apply(&c)
	c = c.withDefaults()
	if in.GenerateSecret {
		c.Secret = newClientSecret()
	}
	p.addApp(&c, in.clientSettings)
	return p.describedClient(&c), nil
}

type clientInput struct {
	UserPoolID string `json:"UserPoolId"`
	ClientID   string `json:"ClientId"`
}

// existingClient is the common start of calls on a client.
func (p *pool) existingClient(in clientInput) (*Client, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return nil, err
	}
	return p.client(in.ClientID)
}

func (p *pool) describeUserPoolClient(in *clientInput) (clientOutput, error) {
	c, err := p.existingClient(*in)
	if err != nil {
		return clientOutput{}, err
	}
	return p.describedClient(c), nil
}

type updateClientInput struct {
	clientInput
	clientSettings
}

// updateUserPoolClient replaces a client's settings. Omitted settings return to their defaults,
// except the name, which has none.
func (p *pool) updateUserPoolClient(in *updateClientInput) (clientOutput, error) {
	c, err := p.existingClient(in.clientInput)
	if err != nil {
		return clientOutput{}, err
	}
	if err := p.checkSettings(&in.clientSettings, c.Secret != ""); err != nil {
		return clientOutput{}, err
	}
	a := p.apps[c.ID]
	if in.ClientName == "" {
		in.ClientName = a.settings.ClientName
	}
	in.apply(c)
	*c = c.withDefaults()
	a.settings, a.modified = in.clientSettings, p.now()
	return p.describedClient(c), nil
}

func (p *pool) deleteUserPoolClient(in *clientInput) (noBody, error) {
	c, err := p.existingClient(*in)
	if err != nil {
		return noBody{}, err
	}
	p.clients = slices.DeleteFunc(p.clients, func(other *Client) bool { return other == c })
	delete(p.apps, c.ID)
	return noBody{}, nil
}

type listClientsInput struct {
	UserPoolID string `json:"UserPoolId"`
	nextResults
}

type listedClient struct {
	ClientID   string `json:"ClientId"`
	UserPoolID string `json:"UserPoolId"`
	ClientName string
}

type listClientsOutput struct {
	UserPoolClients []listedClient
	NextToken       string `json:",omitempty"`
}

func (p *pool) listUserPoolClients(in *listClientsInput) (listClientsOutput, error) {
	out := listClientsOutput{UserPoolClients: []listedClient{}}
	if err := p.adminCall(in.UserPoolID); err != nil {
		return out, err
	}
	serial := func(c *Client) int64 { return p.apps[c.ID].serial }
	clients, next, err := cut(p, in.page("ListUserPoolClients"), p.clients, serial, func(*Client) bool { return true })
	out.NextToken = next
	for _, c := range clients {
		out.UserPoolClients = append(out.UserPoolClients,
			listedClient{c.ID, p.cfg.UserPoolID, p.apps[c.ID].settings.ClientName})
	}
	return out, err
}

const (
	minTokenValidity   = 5 * time.Minute
	maxTokenValidity   = 24 * time.Hour
	minRefreshValidity = time.Hour
	maxRefreshValidity = 3650 * 24 * time.Hour

	settingEnabled  = "ENABLED"
	settingDisabled = "DISABLED"
	settingLegacy   = "LEGACY"

	providerCognito = "COGNITO"
)

// clientSettings are the settings of an app client on the wire. A missing setting is the default.
type clientSettings struct {
	ClientName                               string         `json:",omitempty"`
	RefreshTokenValidity                     int            `json:",omitempty"`
	AccessTokenValidity                      int            `json:",omitempty"`
	IDTokenValidity                          int            `json:"IdTokenValidity,omitempty"`
	TokenValidityUnits                       *validityUnits `json:",omitempty"`
	ReadAttributes                           []string       `json:",omitempty"`
	WriteAttributes                          []string       `json:",omitempty"`
	ExplicitAuthFlows                        []string       `json:",omitempty"`
	SupportedIdentityProviders               []string       `json:",omitempty"`
	CallbackURLs                             []string       `json:",omitempty"`
	LogoutURLs                               []string       `json:",omitempty"`
	DefaultRedirectURI                       string         `json:",omitempty"`
	AllowedOAuthFlows                        []string       `json:",omitempty"`
	AllowedOAuthScopes                       []string       `json:",omitempty"`
	AllowedOAuthFlowsUserPoolClient          bool
	AnalyticsConfiguration                   map[string]any `json:",omitempty"`
	PreventUserExistenceErrors               string         `json:",omitempty"`
	EnableTokenRevocation                    *bool          `json:",omitempty"`
	EnablePropagateAdditionalUserContextData bool
	AuthSessionValidity                      int               `json:",omitempty"`
	RefreshTokenRotation                     *rotationSettings `json:",omitempty"`
}

// validityUnits are "seconds", "minutes", "hours" or "days", or "" for the defaults: days for
// refresh tokens, and hours for the others.
type validityUnits struct {
	AccessToken  string `json:",omitempty"`
	IDToken      string `json:"IdToken,omitempty"`
	RefreshToken string `json:",omitempty"`
}

type rotationSettings struct {
	Feature                 string
	RetryGracePeriodSeconds int
}

var units = map[string]time.Duration{
	"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour,
}

// legacyFlows maps the old names of flows to what they allow in addition to the defaults.
var legacyFlows = map[string]string{
	"ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
	"CUSTOM_AUTH_FLOW_ONLY": "ALLOW_CUSTOM_AUTH",
}

// checkSettings checks the rules that the model does not have. secret reports whether the client has a
// secret.
func (p *pool) checkSettings(s *clientSettings, secret bool) error {
	access, id, refresh := s.validities()
	for _, d := range []time.Duration{access, id} {
		if d != 0 && (d < minTokenValidity || d > maxTokenValidity) {
			return errTokenRange
		}
	}
	if refresh != 0 && (refresh < minRefreshValidity || refresh > maxRefreshValidity) {
		return errTokenRange
	}
	unknown := func(name string) bool { return !p.inSchema(name) }
	switch {
	case slices.ContainsFunc(s.ReadAttributes, unknown):
		return invalidParameter("Invalid read attributes specified while creating a client")
	case slices.ContainsFunc(s.WriteAttributes, func(name string) bool { return unknown(name) || !userMayWrite(name) }):
		return invalidParameter("Invalid write attributes specified while creating a client")
	}
	for _, name := range s.SupportedIdentityProviders {
		if name != providerCognito && p.findProvider(name) == nil {
			return invalidParameter("The provider " + name + " does not exist for User Pool " + p.cfg.UserPoolID)
		}
	}
	legacy := slices.ContainsFunc(s.ExplicitAuthFlows, func(flow string) bool { return legacyFlows[flow] != "" })
	modern := slices.ContainsFunc(s.ExplicitAuthFlows, func(flow string) bool { return legacyFlows[flow] == "" })
	switch {
	case legacy && modern:
		return errMixedFlows
	case s.rotates() && slices.Contains(s.ExplicitAuthFlows, "ALLOW_REFRESH_TOKEN_AUTH"):
		return errRotationFlow
	default:
		return p.checkOAuthSettings(s, secret)
	}
}

func (s *clientSettings) rotates() bool {
	return s.RefreshTokenRotation != nil && s.RefreshTokenRotation.Feature == settingEnabled
}

// validities returns the lifetimes of tokens. 0 is the default.
func (s *clientSettings) validities() (access, id, refresh time.Duration) {
	u := validityUnits{}
	if s.TokenValidityUnits != nil {
		u = *s.TokenValidityUnits
	}
	of := func(n int, unit, usually string) time.Duration {
		if unit == "" {
			unit = usually
		}
		return time.Duration(n) * units[unit]
	}
	return of(s.AccessTokenValidity, u.AccessToken, "hours"), of(s.IDTokenValidity, u.IDToken, "hours"),
		of(s.RefreshTokenValidity, u.RefreshToken, "days")
}

// apply sets the settings of a client. [Client.withDefaults] replaces the zero values.
func (s *clientSettings) apply(c *Client) {
	c.Name = s.ClientName
	c.AccessTokenValidity, c.IDTokenValidity, c.RefreshTokenValidity = s.validities()
	c.AuthSessionValidity = time.Duration(s.AuthSessionValidity) * time.Minute
	c.ReadAttributes, c.WriteAttributes = s.ReadAttributes, s.WriteAttributes
	c.ExplicitAuthFlows = modernFlows(s.ExplicitAuthFlows)
	c.PreventUserExistenceErrors = s.PreventUserExistenceErrors == settingEnabled
	c.DisableTokenRevocation = s.EnableTokenRevocation != nil && !*s.EnableTokenRevocation
	c.CallbackURLs, c.LogoutURLs = s.CallbackURLs, s.LogoutURLs
	c.AllowedOAuthScopes, c.AllowedOAuthFlows = s.AllowedOAuthScopes, nil
	if s.AllowedOAuthFlowsUserPoolClient {
		c.AllowedOAuthFlows = s.AllowedOAuthFlows
	}
	c.RefreshTokenRotation, c.RefreshTokenGracePeriod = s.rotates(), 0
	if s.rotates() {
		c.RefreshTokenGracePeriod = time.Duration(s.RefreshTokenRotation.RetryGracePeriodSeconds) * time.Second
		if len(c.ExplicitAuthFlows) == 0 {
			c.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
		}
	}
}

// modernFlows returns flows with their new names, or nil if there are none.
func modernFlows(flows []string) []string {
	switch {
	case len(flows) == 0:
		return nil
	case slices.Contains(flows, "CUSTOM_AUTH_FLOW_ONLY"):
		return []string{"ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	case strings.HasPrefix(flows[0], "ALLOW_"):
		return slices.Clone(flows)
	}
	modern := slices.Clone(defaultFlows)
	for _, flow := range flows {
		modern = append(modern, legacyFlows[flow])
	}
	return modern
}

// withDefaults returns the settings with the defaults that the service shows.
func (s clientSettings) withDefaults() clientSettings {
	if s.RefreshTokenValidity == 0 {
		s.RefreshTokenValidity = 30
		if s.TokenValidityUnits != nil {
			copied := *s.TokenValidityUnits
			copied.RefreshToken = ""
			s.TokenValidityUnits = &copied
		}
	}
	if s.AuthSessionValidity == 0 {
		s.AuthSessionValidity = 3
	}
	if s.EnableTokenRevocation == nil {
		s.EnableTokenRevocation = new(bool)
		*s.EnableTokenRevocation = true
	}
	return s
}

// settingsOf returns the settings of a client on the wire.
func settingsOf(c *Client) clientSettings {
	s := clientSettings{
		ClientName: c.Name, ReadAttributes: c.ReadAttributes,
		WriteAttributes: c.WriteAttributes, ExplicitAuthFlows: c.ExplicitAuthFlows,
		AuthSessionValidity: int(c.AuthSessionValidity / time.Minute), PreventUserExistenceErrors: settingLegacy,
		TokenValidityUnits: &validityUnits{}, CallbackURLs: c.CallbackURLs, LogoutURLs: c.LogoutURLs,
		AllowedOAuthFlows: c.AllowedOAuthFlows, AllowedOAuthScopes: c.AllowedOAuthScopes,
		AllowedOAuthFlowsUserPoolClient: len(c.AllowedOAuthFlows) > 0,
	}
	s.AccessTokenValidity, s.TokenValidityUnits.AccessToken = inUnits(c.AccessTokenValidity)
	s.IDTokenValidity, s.TokenValidityUnits.IDToken = inUnits(c.IDTokenValidity)
	s.RefreshTokenValidity, s.TokenValidityUnits.RefreshToken = inUnits(c.RefreshTokenValidity)
	if c.PreventUserExistenceErrors {
		s.PreventUserExistenceErrors = settingEnabled
	}
	enabled := !c.DisableTokenRevocation
	s.EnableTokenRevocation = &enabled
	if c.RefreshTokenRotation {
		s.RefreshTokenRotation = &rotationSettings{settingEnabled, int(c.RefreshTokenGracePeriod / time.Second)}
	}
	return s
}

// inUnits returns a duration in the largest unit of which it is a multiple.
func inUnits(d time.Duration) (int, string) {
	for _, unit := range []string{"days", "hours", "minutes"} {
		if d%units[unit] == 0 {
			return int(d / units[unit]), unit
		}
	}
	return int(d / time.Second), "seconds"
}
