package ari

import (
	"time"

	libari "github.com/CyCoreSystems/ari/v5"
)

// The wire types are the JSON of Asterisk's answers, as far as we read it. The library's
// own drop the dialplan's application and its arguments, which say whose channel it is.

type wireParty struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

type wireDialplan struct {
	Context string `json:"context"`
	Exten   string `json:"exten"`
	AppName string `json:"app_name"`
	AppData string `json:"app_data"`
}

type wireChannel struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	State     string            `json:"state"`
	Caller    wireParty         `json:"caller"`
	Connected wireParty         `json:"connected"`
	Dialplan  wireDialplan      `json:"dialplan"`
	Language  string            `json:"language"`
	Created   libari.DateTime   `json:"creationtime"`
	Variables map[string]string `json:"channelvars"`
}

func (w *wireChannel) channel() Channel {
	return Channel{
		ID:              w.ID,
		Name:            w.Name,
		State:           ChannelState(w.State),
		CallerNumber:    w.Caller.Number,
		CallerName:      w.Caller.Name,
		ConnectedNumber: w.Connected.Number,
		ConnectedName:   w.Connected.Name,
		Context:         w.Dialplan.Context,
		Dialled:         w.Dialplan.Exten,
		App:             w.Dialplan.AppName,
		AppData:         w.Dialplan.AppData,
		Language:        w.Language,
		Created:         utc(w.Created),
		Variables:       w.Variables,
	}
}

type wireBridge struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Type     string   `json:"bridge_type"`
	Creator  string   `json:"creator"`
	Channels []string `json:"channels"`
}

func (w *wireBridge) bridge() Bridge {
	return Bridge{ID: w.ID, Name: w.Name, Type: w.Type, Creator: w.Creator, Channels: w.Channels}
}

type wireEndpoint struct {
	Tech     string        `json:"technology"`
	Resource string        `json:"resource"`
	State    EndpointState `json:"state"`
	Channels []string      `json:"channel_ids"`
}

type wireApplication struct {
	Name      string   `json:"name"`
	Channels  []string `json:"channel_ids"`
	Bridges   []string `json:"bridge_ids"`
	Endpoints []string `json:"endpoint_ids"`
	Devices   []string `json:"device_names"`
}

type wireInfo struct {
	System struct {
		Version  string `json:"version"`
		EntityID string `json:"entity_id"`
	} `json:"system"`
	Config struct {
		Name string `json:"name"`
	} `json:"config"`
	Status struct {
		Started libari.DateTime `json:"startup_time"`
	} `json:"status"`
}

func (w *wireInfo) info() Info {
	return Info{
		Version: w.System.Version, EntityID: w.System.EntityID, Name: w.Config.Name, Started: utc(w.Status.Started),
	}
}

// utc brings Asterisk's stamp to UTC; a missing one stays the zero time.
func utc(t libari.DateTime) time.Time {
	if std := time.Time(t); !std.IsZero() {
		return std.UTC()
	}
	return time.Time{}
}
