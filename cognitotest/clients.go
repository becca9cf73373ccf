package cognitotest

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"
	"time"
)

// app is what the pool keeps of an app client beside the Client.
type app struct {
	serial            int64
	settings          clientSettings
	created, modified time.Time
}

var clientNamePattern = regexp.MustCompile(`^[\w\s+=,.@-]+$`)

// addApp adds a client of the Config or of a call.
func (p *pool) addApp(c *Client, settings clientSettings) {
	p.clients = append(p.clients, c)
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
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.length("clientName", in.ClientName, 1, 128)
		in.form(v)
	})
	if err != nil {
		return clientOutput{}, err
	}
	if err := p.checkSettings(&in.clientSettings); err != nil {
		return clientOutput{}, err
	}
	c := Client{}
	in.apply(&c)
	c = c.withDefaults()
	if in.GenerateSecret {
		c.Secret = strings.ToLower(rand.Text() + rand.Text())
	}
	p.addApp(&c, in.clientSettings)
	return p.describedClient(&c), nil
}

type clientInput struct {
	UserPoolID string `json:"UserPoolId"`
	ClientID   string `json:"ClientId"`
}

// existingClient is what the calls about a client begin with.
func (p *pool) existingClient(in clientInput, more func(*validation)) (*Client, error) {
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.length("clientId", in.ClientID, 1, 128)
		if more != nil {
			more(v)
		}
	})
	if err != nil {
		return nil, err
	}
	return p.client(in.ClientID)
}

func (p *pool) describeUserPoolClient(in *clientInput) (clientOutput, error) {
	c, err := p.existingClient(*in, nil)
	if err != nil {
		return clientOutput{}, err
	}
	return p.describedClient(c), nil
}

type updateClientInput struct {
	clientInput
	clientSettings
}

// updateUserPoolClient replaces a client's settings: what is left out goes back to its default. A name has none.
func (p *pool) updateUserPoolClient(in *updateClientInput) (clientOutput, error) {
	c, err := p.existingClient(in.clientInput, in.form)
	if err != nil {
		return clientOutput{}, err
	}
	if err := p.checkSettings(&in.clientSettings); err != nil {
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
	c, err := p.existingClient(*in, nil)
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
	err := p.adminCall(in.UserPoolID, func(v *validation) { in.form(v, 1) })
	if err != nil {
		return out, err
	}
	serial := func(c *Client) int64 { return p.apps[c.ID].serial }
	clients, next, err := cut(p, in.page("ListUserPoolClients"), p.clients, serial, func(*Client) bool { return true })
	out.NextToken = next
	for _, c := range clients {
		out.UserPoolClients = append(out.UserPoolClients, listedClient{c.ID, p.cfg.UserPoolID, p.apps[c.ID].settings.ClientName})
	}
	return out, err
}
